package org.erat.compute.device;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code conf/discover-gpus} as Spark runs and reads it, with a pretend {@code nvidia-smi} on its path. */
class DiscoveryScriptTest {
    @TempDir
    private Path bin;

    @Test
    void listsAllGpus() throws Exception {
        nvidiaSmi("printf '0, GPU-aa11\\n1, GPU-bb22\\n'");
        assertThat(addresses(null)).containsExactly("0", "1");
    }

    @Test
    void listsOnlyVisibleGpusByTheirNumbers() throws Exception {
        nvidiaSmi("printf '0, GPU-aa11\\n1, GPU-bb22\\n2, GPU-cc33\\n3, GPU-cc44\\n'");
        assertThat(addresses("2,3")).containsExactly("2", "3");
        assertThat(addresses("GPU-cc44, 0")).containsExactly("3", "0");
        assertThat(addresses("1,-1,2")).containsExactly("1");
        assertThat(addresses("")).isEmpty();
    }

    @Test
    void withoutGpusTheListIsEmpty() throws Exception {
        assertThat(addresses(null)).isEmpty();
        nvidiaSmi("");
        assertThat(addresses(null)).isEmpty();
        nvidiaSmi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9");
        assertThat(addresses(null)).isEmpty();
    }

    private void nvidiaSmi(String commands) throws IOException {
        Path script = Files.writeString(bin.resolve("nvidia-smi"), "#!/bin/sh\n" + commands + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
    }

    private List<String> addresses(String visible) throws IOException, InterruptedException {
        ProcessBuilder script = new ProcessBuilder("../conf/discover-gpus");
        script.environment().put("PATH", bin + ":" + System.getenv("PATH"));
        script.environment().remove("CUDA_VISIBLE_DEVICES");
        if (visible != null) {
            script.environment().put("CUDA_VISIBLE_DEVICES", visible);
        }
        Process process = script.start();
        String json = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).isZero();
        ResourceInformation gpus = ResourceInformation.parseJson(json);
        assertThat(gpus.name()).isEqualTo("gpu");
        return List.of(gpus.addresses());
    }
}
