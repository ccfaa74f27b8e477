package org.erat.compute.nd4j;

import java.util.Optional;
import org.erat.compute.device.CudaSupport;
import org.nd4j.linalg.cpu.nativecpu.CpuBackend;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ND4J's CPU backend, which ND4J asks before its CUDA one and takes where CUDA cannot be used. Registered as a service of
 * ND4J in jobs that are built with CUDA.
 */
public final class CpuWhereCudaCannotRun extends CpuBackend {
    private static final Logger LOG = LoggerFactory.getLogger(CpuWhereCudaCannotRun.class);

    @Override
    public boolean isAvailable() {
        Optional<String> obstacle = CudaSupport.obstacle();
        obstacle.ifPresent(reason -> LOG.info("ND4J computes on the CPU: {}", reason));
        return obstacle.isPresent();
    }

    @Override
    public int getPriority() {
        return BACKEND_PRIORITY_GPU + 1;
    }
}
