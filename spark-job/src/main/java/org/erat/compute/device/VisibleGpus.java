package org.erat.compute.device;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.erat.data.UsageException;

/**
 * The GPUs that the CUDA runtime of this process sees, in its order. Spark's addresses are the driver's numbers or UUIDs;
 * {@code CUDA_VISIBLE_DEVICES=2,3} makes number 3 the process's GPU 1.
 *
 * @param names the entries of {@code CUDA_VISIBLE_DEVICES}; null where it is not set
 * @param installed GPUs of the machine
 */
record VisibleGpus(@Nullable List<String> names, InstalledGpus installed) {
    static final String VARIABLE = "CUDA_VISIBLE_DEVICES";

    /** @param visible value of {@code CUDA_VISIBLE_DEVICES}; null where it is not set */
    static VisibleGpus of(@Nullable String visible, InstalledGpus installed) {
        if (visible == null) {
            return new VisibleGpus(null, installed);
        }
        // CUDA reads up to the first entry that names no device.
        List<String> names = Stream.of(visible.split(",", -1))
                .map(String::strip)
                .takeWhile(name -> name.matches("\\d+|(GPU|MIG)-.+"))
                .toList();
        return new VisibleGpus(names, installed);
    }

    /**
     * The process's number of the GPU that Spark calls {@code address}.
     *
     * @throws UsageException if the process does not see it
     */
    int ordinalOf(String address) {
        List<String> all = names == null
                ? installed.gpus().stream().map(InstalledGpus.Gpu::index).toList()
                : names;
        if (names == null && all.isEmpty() && address.matches("\\d{1,4}")) {
            return Integer.parseInt(address);
        }
        return IntStream.range(0, all.size())
                .filter(i -> all.get(i).equals(address) || areOne(all.get(i), address))
                .findFirst()
                .orElseThrow(() -> new UsageException("Spark has assigned GPU " + address
                        + " to a task, but this executor sees only " + (all.isEmpty() ? "none" : String.join(",", all))
                        + (names == null ? "" : " (" + VARIABLE + ")")
                        + ". Let the discovery script list what executors see, as conf/discover-gpus does."));
    }

    /** What the machine says of those that the process sees. */
    List<InstalledGpus.Gpu> gpus() {
        return names == null
                ? installed.gpus()
                : names.stream().map(this::find).flatMap(Optional::stream).toList();
    }

    private boolean areOne(String name, String address) {
        return find(name).filter(gpu -> gpu.isCalled(address)).isPresent();
    }

    private Optional<InstalledGpus.Gpu> find(String name) {
        return installed.gpus().stream().filter(gpu -> gpu.isCalled(name)).findFirst();
    }
}
