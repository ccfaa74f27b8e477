package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.erat.compute.device.Device;
import org.erat.compute.device.GpuLibrary;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class BackendsTest {
    @Test
    void everyTaskOfTheJvmSharesOneBackend() {
        assertThat(Backends.choose("nd4j", "f32")).isSameAs(Backends.choose("nd4j", "f32"));
        assertThat(Backends.choose("nd4j", "f32").name()).isEqualTo("nd4j");
    }

    @Test
    void oneDnnIsTheChoiceOnX86() {
        boolean x86 = System.getProperty("os.arch").matches("amd64|x86_64");
        assertThat(Backends.choose("auto", "f32").name()).isEqualTo(x86 ? "onednn" : "nd4j");
    }

    @Test
    void nd4jStandsInForOneDnnElsewhere() {
        for (String device : List.of("auto", "cpu")) {
            assertThat(open(device, Device.CPU, "aarch64").name()).isEqualTo("nd4j");
        }
    }

    @Test
    void nd4jIsTheChoiceOnAGpuThatTheJobComputesOnWithNd4j() {
        Device gpu = Device.gpu(0, GpuLibrary.ND4J);
        for (String device : List.of("auto", "cuda", "nd4j")) {
            assertThat(open(device, gpu, "amd64").name()).isEqualTo("nd4j");
        }
    }

    /** Here CUDA's own libraries are missing or find no GPU. */
    @Test
    void theCpuStandsInForAGpuThatCannotBeUsedUnlessThatWasAskedFor() {
        Device gpu = Device.gpu(77, GpuLibrary.KERNELS);
        assertThat(open("auto", gpu, "aarch64").name()).isEqualTo("nd4j");
        assertThat(open("cpu", gpu, "aarch64").name()).isEqualTo("nd4j");
        assertThatThrownBy(() -> open("cuda", gpu, "aarch64")).hasMessageContaining("cuda");
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu", "nd4j"})
    void withoutAGpuTf32IsF32(String device) {
        Backend tf32 = Backends.open(device, Precision.TF32, WeightLayout.PACKED, Device.CPU, "amd64");
        Backend f32 = Backends.open(device, Precision.F32, WeightLayout.PACKED, Device.CPU, "amd64");
        assertThat(product(tf32)).isEqualTo(product(f32));
    }

    /** 1/3 · 1/3, of which TF32 keeps 10 bits. */
    private static double product(Backend backend) {
        INDArray third = Nd4j.createFromArray(new float[][] {{1 / 3f}});
        try (Kernels kernels = backend.open(1);
                Tensor x = kernels.upload(third);
                Tensor y = kernels.allocate(1, 1)) {
            kernels.product(x, false, x, false, 1, 0, y);
            kernels.download(y, third);
        }
        return third.getDouble(0);
    }

    @Test
    void aTaskWithoutAGpuSaysHowToGiveItOne() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Backends.choose("cuda", "f32"))
                .withMessageStartingWith(
                        "compute.device = cuda, but this task has no GPU to compute on: let Spark assign"
                                + " one (spark.task.resource.gpu.amount=1)");
    }

    @Test
    void refusesUnknownNames() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backends.choose("onednn", "f32"))
                .withMessage("device onednn is none of auto, cpu, cuda and nd4j");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backends.choose("auto", "f16"))
                .withMessage("precision f16 is none of f32, tf32 and bf16");
    }

    private static Backend open(String device, Device ofTask, String architecture) {
        return Backends.open(device, Precision.F32, WeightLayout.PACKED, ofTask, architecture);
    }
}
