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

    /** Does what the options ask for. */
    final void work(Progress progress) {
        R request = request();
        if (loadsNativeCode()) {
            NativeFolders.check();
        }
        run(request, progress);
    }

    /** Whether the command computes or tokenizes. */
    boolean loadsNativeCode() {
        return true;
    }

    @Override
    public final Integer call() {
        root.work(this);
        return 0;
    }
}
