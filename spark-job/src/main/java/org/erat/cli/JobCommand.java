package org.erat.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.ParentCommand;

/**
 * A command: what its options ask for, and the work.
 *
 * @param <R> what they ask for
 */
abstract class JobCommand<R> implements Callable<Integer> {
    @ParentCommand
    private Main root;

    /**
     * What the options ask for.
     *
     * @throws org.erat.data.UsageException if they cannot be used
     */
    abstract R request();

    /** Does what was asked for. */
    abstract void run(R request, Progress progress);

    /**
     * Checks what was asked for, as far as that needs neither Spark nor a file system that may want credentials.
     *
     * @throws org.erat.data.EratException if it cannot be used
     */
    void check(R request) {
        // Options alone say nothing that request() does not refuse.
    }

    /** Does what the options ask for. */
    final void work(Progress progress) {
        run(usableRequest(), progress);
    }

    /**
     * Refuses what can be refused before Spark starts.
     *
     * @throws org.erat.data.EratException if the command would be refused
     */
    final void checkBeforeSpark() {
        check(usableRequest());
    }

    private R usableRequest() {
        R request = request();
        if (loadsNativeCode()) {
            NativeFolders.check();
        }
        return request;
    }

    /** Whether the command computes or tokenizes. */
    boolean loadsNativeCode() {
        return true;
    }

    /** Whether the command starts Spark. One that does not takes no more of it than its settings of file systems. */
    boolean startsSpark() {
        return true;
    }

    @Override
    public final Integer call() {
        root.work(this);
        return 0;
    }
}
