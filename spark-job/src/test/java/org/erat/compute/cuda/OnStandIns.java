package org.erat.compute.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.erat.compute.ImplementationsAgreeTest;
import org.erat.compute.KernelsContractTest;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs tests in a JVM that has {@link StandIns} in place of NVIDIA's libraries, for {@link NvidiaClassesTest}. */
final class OnStandIns {
    private OnStandIns() {}

    public static void main(String[] args) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(
                        selectClass(FailingCalls.class),
                        selectClass(KernelsContractTest.class),
                        selectClass(ImplementationsAgreeTest.class))
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.printFailuresTo(out, 20);
        out.println(summary.getTestsSucceededCount() + " of " + summary.getTestsFoundCount() + " tests succeeded");
        System.exit(summary.getTotalFailureCount() == 0 ? 0 : 1);
    }
}
