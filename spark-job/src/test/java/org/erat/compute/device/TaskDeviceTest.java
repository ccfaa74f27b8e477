package org.erat.compute.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;

class TaskDeviceTest {
    @Test
    void outsideOfTasksThereIsTheCpu() {
        assertThat(TaskDevice.current()).isEqualTo(Device.CPU);
    }

    @Test
    void aGpuServesOneTaskAtATime() {
        DeviceLeases leases = new DeviceLeases();
        leases.take(1, 17);
        assertThatCode(() -> leases.take(0, 19)).doesNotThrowAnyException();
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> leases.take(1, 18))
                .withMessage(
                        "Tasks 17 and 18 were assigned the same GPU, number 1 of this executor. A GPU serves one task"
                                + " at a time: set spark.task.resource.gpu.amount to 1.");
        // A task that was refused takes nothing away from the one that has it.
        leases.giveBack(18);
        assertThatExceptionOfType(UsageException.class).isThrownBy(() -> leases.take(1, 18));
        leases.giveBack(17);
        assertThatCode(() -> leases.take(1, 18)).doesNotThrowAnyException();
    }
}
