package org.erat.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Chooses the next token of each sequence by itself, until all have ended. Those that have ended are read no further. */
record StepwiseDecoding(Rules rules, TokenChoice choice) {
    /** A completion that grows. */
    private static final class Growing {
        private final Prompt prompt;
        private int[] tokens = new int[0];
        private boolean ended;

        Growing(Prompt prompt) {
            this.prompt = prompt;
        }

        /** Adds a token, where there is one; whether more tokens may follow it. */
        boolean grows(int token, Rules rules) {
            ended = rules.isEnd(token);
            if (ended || token == TokenChoice.NONE) {
                return false;
            }
            tokens = Arrays.copyOf(tokens, tokens.length + 1);
            tokens[tokens.length - 1] = token;
            return tokens.length < rules.room(prompt);
        }
    }

    /**
     * Completes prompts.
     *
     * @param model has read them
     */
    List<Completion> complete(SequenceBatch model, List<Prompt> prompts) {
        List<Growing> all = prompts.stream().map(Growing::new).toList();
        List<Growing> open = all;
        while (!open.isEmpty()) {
            int[] sources = new int[open.size()];
            List<Growing> next = new ArrayList<>();
            for (int s = 0; s < open.size(); s++) {
                Growing each = open.get(s);
                float[] logits = model.logits(s);
                rules.ban(logits, each.tokens);
                if (each.grows(choice.of(logits, each.prompt.id(), each.tokens.length), rules)) {
                    sources[next.size()] = s;
                    next.add(each);
                }
            }
            if (!next.isEmpty()) {
                model.advance(
                        Arrays.copyOf(sources, next.size()),
                        next.stream()
                                .mapToInt(each -> each.tokens[each.tokens.length - 1])
                                .toArray());
            }
            open = next;
        }
        return all.stream().map(each -> new Completion(each.tokens, each.ended)).toList();
    }
}
