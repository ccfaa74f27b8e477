package org.erat.compute.device;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.erat.compute.nd4j.Nd4jGpus;
import org.erat.data.UsageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device of the current task: the GPU that Spark has assigned to it where this process can compute on one, else the
 * CPU. The choice is the same for all tasks of a process, and the log says it once.
 */
public final class TaskDevice {
    private static final Logger LOG = LoggerFactory.getLogger(TaskDevice.class);
    private static final String GPU = "gpu";
    private static final DeviceLeases LEASES = new DeviceLeases();
    private static final ConcurrentMap<Long, Binding> BINDINGS = new ConcurrentHashMap<>();
    private static final Set<Device> USED = ConcurrentHashMap.newKeySet();
    private static final AtomicBoolean SAID = new AtomicBoolean();

    private TaskDevice() {}

    /**
     * A task and its GPU.
     *
     * @param address what Spark calls the GPU
     * @param ordinal what this process calls it; −1 where Spark has assigned none
     * @param device what the task computes on
     */
    public record Binding(String address, int ordinal, Device device) {
        static final Binding NONE = new Binding("", -1, Device.CPU);
    }

    /**
     * The device that the current thread's task computes on, bound to it until it ends; the CPU outside of tasks.
     *
     * @throws UsageException if the assigned GPU is not visible here, is not the only one, or is in another task's use
     */
    public static Device current() {
        return binding().device();
    }

    /** The devices that tasks of this process have computed on so far. */
    public static Set<Device> usedInThisProcess() {
        return Set.copyOf(USED);
    }

    /** The GPU that the current thread's task is bound to, and what it computes on; none outside of tasks. */
    public static Binding binding() {
        TaskContext task = TaskContext.get();
        if (task == null) {
            return Binding.NONE;
        }
        return BINDINGS.computeIfAbsent(task.taskAttemptId(), id -> bind(task));
    }

    private static Binding bind(TaskContext task) {
        long id = task.taskAttemptId();
        task.addTaskCompletionListener(ended -> {
            BINDINGS.remove(id);
            LEASES.giveBack(id);
        });
        Binding binding = assignedGpu(task.resourcesJMap())
                .map(address -> bindTo(address, id))
                .orElse(Binding.NONE);
        if (binding.device().kind() == Device.Kind.ND4J_CUDA) {
            Nd4jGpus.use(binding.ordinal());
        }
        USED.add(binding.device());
        return binding;
    }

    private static Binding bindTo(String address, long task) {
        int ordinal = CudaSupport.ThisJvm.GPUS.ordinalOf(address);
        LEASES.take(ordinal, task);
        Optional<String> obstacle = CudaSupport.obstacle().or(TaskDevice::backendInUse);
        obstacle.ifPresent(TaskDevice::sayThatGpusAreNotUsed);
        return new Binding(
                address,
                ordinal,
                obstacle.isPresent()
                        ? Device.CPU
                        : Device.gpu(ordinal, GpuLibrary.ofThisJob().orElseThrow()));
    }

    /** Logs, once for this process, why its tasks compute on the CPU though Spark has assigned GPUs to them. */
    public static void sayThatGpusAreNotUsed(String reason) {
        if (SAID.compareAndSet(false, true)) {
            LOG.warn("Tasks of this executor compute on the CPU, not on the GPUs that Spark has assigned: {}", reason);
        }
    }

    /** The job's own kernels leave ND4J on the CPU. */
    private static Optional<String> backendInUse() {
        if (!GpuLibrary.ofThisJob().equals(Optional.of(GpuLibrary.ND4J))) {
            return Optional.empty();
        }
        return Nd4jGpus.obstacle();
    }

    private static Optional<String> assignedGpu(Map<String, ResourceInformation> resources) {
        ResourceInformation gpu = resources.get(GPU);
        if (gpu == null || gpu.addresses().length == 0) {
            if (SAID.compareAndSet(false, true)) {
                LOG.info("Tasks of this executor compute on the CPU: Spark has assigned no GPU to them");
            }
            return Optional.empty();
        }
        if (gpu.addresses().length > 1) {
            throw new UsageException("Spark has assigned GPUs " + Arrays.toString(gpu.addresses())
                    + " to one task, which computes on one. Set spark.task.resource.gpu.amount to 1.");
        }
        return Optional.of(gpu.addresses()[0]);
    }
}
