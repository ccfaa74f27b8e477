package org.erat.compute.device;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The GPUs of this machine as the driver's {@code nvidia-smi} lists them, so that looking needs no CUDA library.
 *
 * @param gpus in the order of their PCI bus, which is that of the driver's numbers
 * @param problem why they could not be listed; empty where they could
 */
record InstalledGpus(List<Gpu> gpus, String problem) {
    private static final List<String> COMMAND =
            List.of("nvidia-smi", "--query-gpu=index,uuid,compute_cap,name", "--format=csv,noheader");

    /** A driver that has lost a GPU can leave its tool hanging. */
    private static final int PATIENCE_SECONDS = 60;

    /**
     * One GPU.
     *
     * @param index the driver's number
     * @param uuid {@code GPU-…}
     * @param capability which machine code it runs
     * @param name for people
     */
    record Gpu(String index, String uuid, ComputeCapability capability, String name) {
        /** Whether it goes by this name: its number, its UUID, or the beginning of that. */
        boolean isCalled(String address) {
            return index.equals(address) || (address.startsWith("GPU-") && uuid.startsWith(address));
        }

        @Override
        public String toString() {
            return name + ", compute capability " + capability;
        }
    }

    InstalledGpus {
        gpus = List.copyOf(gpus);
    }

    /** Asks the driver. */
    static InstalledGpus ask() {
        Path answer = null;
        try {
            answer = Files.createTempFile("nvidia-smi", ".csv");
            Process process = new ProcessBuilder(COMMAND)
                    .redirectErrorStream(true)
                    .redirectOutput(answer.toFile())
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return none("nvidia-smi gave no answer within " + PATIENCE_SECONDS + " s");
            }
            String text = Files.readString(answer, UTF_8);
            return process.exitValue() == 0
                    ? parse(text)
                    : none("nvidia-smi failed: " + text.lines().findFirst().orElse("it said nothing"));
        } catch (IOException e) {
            return none("nvidia-smi could not be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return none("nvidia-smi was interrupted");
        } finally {
            if (answer != null) {
                answer.toFile().delete();
            }
        }
    }

    /** @param csv lines of index, UUID, compute capability and name, which may have a comma in it */
    static InstalledGpus parse(String csv) {
        List<Gpu> gpus = new ArrayList<>();
        for (String line : csv.lines().filter(line -> !line.isBlank()).toList()) {
            String[] fields = line.strip().split("\\s*,\\s*", 4);
            try {
                gpus.add(new Gpu(fields[0], fields[1], ComputeCapability.parse(fields[2]), fields[3]));
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                return none("nvidia-smi said '" + line + "', not a GPU and its compute capability");
            }
        }
        return gpus.isEmpty() ? none("nvidia-smi lists no GPU") : new InstalledGpus(gpus, "");
    }

    private static InstalledGpus none(String problem) {
        return new InstalledGpus(List.of(), problem);
    }
}
