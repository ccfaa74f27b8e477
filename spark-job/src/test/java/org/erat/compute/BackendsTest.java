package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.List;
import org.erat.compute.device.Device;
import org.erat.compute.device.GpuLibrary;
import org.erat.compute.nd4j.Nd4jBackend;
import org.erat.compute.onednn.OneDnnBackend;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.UsageException;
import org.erat.data.safetensors.Dtype;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BackendsTest {
    private static ComputeSettings settings(DeviceChoice device, Precision precision) {
        return new ComputeSettings(device, 1, precision, Weights.PACKED, Activations.KEPT);
    }

    @Test
    void everyTaskOfTheJvmSharesOneBackend() {
        ComputeSettings settings = settings(DeviceChoice.ND4J, Precision.F32);
        assertThat(Backends.choose(settings)).isSameAs(Backends.choose(settings));
        assertThat(Backends.choose(settings).name()).isEqualTo("nd4j");
    }

    @Test
    void oneDnnIsTheChoiceOnX86() {
        boolean x86 = System.getProperty("os.arch").matches("amd64|x86_64");
        assertThat(Backends.choose(settings(DeviceChoice.AUTO, Precision.F32)).name())
                .isEqualTo(x86 ? "onednn" : "nd4j");
    }

    @Test
    void nd4jStandsInForOneDnnElsewhere() {
        for (DeviceChoice device : List.of(DeviceChoice.AUTO, DeviceChoice.CPU)) {
            assertThat(open(device, Device.CPU, "aarch64").name()).isEqualTo("nd4j");
        }
    }

    @Test
    void nd4jIsTheChoiceOnAGpuThatTheJobComputesOnWithNd4j() {
        Device gpu = Device.gpu(0, GpuLibrary.ND4J);
        for (DeviceChoice device : List.of(DeviceChoice.AUTO, DeviceChoice.CUDA, DeviceChoice.ND4J)) {
            assertThat(open(device, gpu, "amd64").name()).isEqualTo("nd4j");
        }
    }

    /** Here CUDA's own libraries are missing or find no GPU. */
    @Test
    void theCpuStandsInForAGpuThatCannotBeUsedUnlessThatWasAskedFor() {
        Device gpu = Device.gpu(77, GpuLibrary.KERNELS);
        assertThat(open(DeviceChoice.AUTO, gpu, "aarch64").name()).isEqualTo("nd4j");
        assertThat(open(DeviceChoice.CPU, gpu, "aarch64").name()).isEqualTo("nd4j");
        assertThatThrownBy(() -> open(DeviceChoice.CUDA, gpu, "aarch64")).hasMessageContaining("cuda");
    }

    @ParameterizedTest
    @EnumSource(
            value = DeviceChoice.class,
            names = {"AUTO", "CPU", "ND4J"})
    void withoutAGpuTf32IsF32(DeviceChoice device) {
        Backend tf32 = Backends.open(device, Precision.TF32, Weights.PACKED, Device.CPU, "amd64");
        Backend f32 = Backends.open(device, Precision.F32, Weights.PACKED, Device.CPU, "amd64");
        assertThat(product(tf32)).isEqualTo(product(f32));
    }

    /** 1/3 · 1/3, of which TF32 keeps 10 bits. */
    private static float product(Backend backend) {
        try (Kernels kernels = backend.open(1);
                Tensor x = kernels.memory().upload(FloatBuffer.wrap(new float[] {1 / 3f}), 1, 1);
                Tensor y = kernels.memory().allocate(1, 1)) {
            kernels.matrices().matmul(x, false, x, false, 1, 0, y);
            return TestTensors.floats(kernels, y)[0];
        }
    }

    @ParameterizedTest
    @EnumSource(DeviceChoice.class)
    void doublePrecisionIsThatOfTheReferenceOnAnyDevice(DeviceChoice device) {
        for (Device ofTask : List.of(Device.CPU, Device.gpu(0, GpuLibrary.KERNELS))) {
            Backend backend = Backends.open(device, Precision.F64, Weights.PACKED, ofTask, "amd64");
            assertThat(backend.name()).isEqualTo("nd4j");
            try (Kernels kernels = backend.open(1)) {
                assertThat(kernels.memory().activations()).isEqualTo(Dtype.F64);
                assertThat(kernels.memory().single()).isEqualTo(Dtype.F64);
            }
        }
    }

    @Test
    void onlyTheReferenceComputesInDoublePrecision() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OneDnnBackend(Precision.F64))
                .withMessage("onednn: there is no product in F64");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Nd4jBackend(Precision.BF16))
                .withMessage("nd4j: precision BF16 is neither F32 nor F64");
    }

    @Test
    void aTaskWithoutAGpuSaysHowToGiveItOne() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Backends.choose(settings(DeviceChoice.CUDA, Precision.F32)))
                .withMessageStartingWith("compute.device = cuda, but this task has no GPU to compute on. Let Spark"
                        + " assign one (spark.task.resource.gpu.amount=1)");
    }

    @Test
    void aProvidedBackendIsTheChoiceUntilItIsTakenBack() {
        ComputeSettings settings = settings(DeviceChoice.CUDA, Precision.BF16);
        Backend backend = new Nd4jBackend(Precision.F32);
        try (Backends.Provided provided = Backends.provide(settings, backend)) {
            assertThat(provided).isNotNull();
            assertThat(Backends.choose(settings)).isSameAs(backend);
        }
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> Backends.choose(settings));
    }

    private static Backend open(DeviceChoice device, Device ofTask, String architecture) {
        return Backends.open(device, Precision.F32, Weights.PACKED, ofTask, architecture);
    }
}
