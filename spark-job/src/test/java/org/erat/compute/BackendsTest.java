package org.erat.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.erat.compute.device.Device;
import org.junit.jupiter.api.Test;

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
    void nd4jStandsInForOneDnnElsewhereUnlessThatWasAskedFor() {
        assertThat(Backends.open("auto", Precision.BF16, WeightLayout.PACKED, Device.CPU, "aarch64")
                        .name())
                .isEqualTo("nd4j");
        assertThatIllegalStateException()
                .isThrownBy(() -> Backends.open("onednn", Precision.F32, WeightLayout.PACKED, Device.CPU, "aarch64"))
                .withMessage("backend onednn does not run here: the processor is aarch64, not x86-64");
    }

    @Test
    void nd4jIsTheChoiceOnAGpu() {
        assertThat(Backends.open("auto", Precision.F32, WeightLayout.PACKED, Device.cuda(0), "amd64")
                        .name())
                .isEqualTo("nd4j");
    }

    @Test
    void refusesUnknownNames() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backends.choose("cuda", "f32"))
                .withMessage("backend cuda is none of auto, onednn and nd4j");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backends.choose("auto", "f16"))
                .withMessage("precision f16 is neither f32 nor bf16");
    }
}
