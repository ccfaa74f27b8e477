package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/** Tokens a second of greedy search by GPT-2's smallest model, whose weights are random, on both sides. */
final class GenerationRow {
    static final String ROW = "generate";

    private static final int BATCH = 8;
    private static final int PROMPT_TOKENS = 32;
    private static final int NEW_TOKENS = 128;

    private final Bench bench;

    /** What each contestant has generated last. */
    private final Map<String, int[][]> tokens = new HashMap<>();

    GenerationRow(Bench bench) {
        this.bench = bench;
    }

    void measure() {
        StepShape model = StepShape.DECODERS.get(0);
        Random random = new Random(1);
        int[][] prompts = new int[BATCH][];
        for (int b = 0; b < BATCH; b++) {
            prompts[b] = random.ints(PROMPT_TOKENS, 0, model.vocabulary()).toArray();
        }
        Contest contest = new Contest();
        for (String precision : List.of(Bench.F32, Bench.BF16)) {
            contest.add(ours(precision), () -> rate(ours(precision), bench.ours(), model, precision, prompts));
            contest.add(torch(precision), () -> rate(torch(precision), bench.torch(), model, precision, prompts));
        }
        Map<String, Samples> rates = contest.run(1, bench.times(5, 2));
        add(rates, Bench.F32, Bench.F32, "≥ 2 × libtorch f32");
        add(rates, Bench.BF16, Bench.F32, "≥ 2 × libtorch f32");
        add(rates, Bench.BF16, Bench.BF16, "≥ 2 × libtorch bf16");
        bench.endSides();
    }

    private static String ours(String precision) {
        return "ours " + precision;
    }

    private static String torch(String precision) {
        return "libtorch " + precision;
    }

    private double rate(String name, Child side, StepShape model, String precision, int[][] prompts) {
        ObjectNode request = Child.request(ROW)
                .put("model", bench.model(model.model()).toString())
                .put("precision", precision)
                .put("count", NEW_TOKENS);
        request.set("prompts", Child.JSON.valueToTree(prompts));
        JsonNode answer = side.ask(request);
        tokens.put(name, Child.JSON.convertValue(answer.get("tokens"), int[][].class));
        return BATCH * NEW_TOKENS / answer.get("seconds").asDouble();
    }

    private void add(Map<String, Samples> rates, String precision, String ofPeer, String target) {
        Samples ours = rates.get(ours(precision));
        Samples peer = rates.get(torch(ofPeer));
        bench.add(new Line(
                ROW,
                String.format(
                        "GPT-2 %s, %d prompts of %d tokens, %d new tokens each, beside libtorch %s",
                        precision, BATCH, PROMPT_TOKENS, NEW_TOKENS, ofPeer),
                "tokens/s",
                ours,
                peer,
                ours.median() / peer.median(),
                target,
                String.format(
                        Locale.ROOT,
                        "greedy; reading the prompts counts as well; %.1f %% of the completions' tokens are the same",
                        100 * same(tokens.get(ours(precision)), tokens.get(torch(ofPeer))))));
    }

    /** Share of each completion up to the first token that differs: what follows has read another text. */
    private static double same(int[][] ours, int[][] theirs) {
        int same = 0;
        for (int b = 0; b < ours.length; b++) {
            int t = 0;
            while (t < ours[b].length && ours[b][t] == theirs[b][t]) {
                t++;
            }
            same += t;
        }
        return same / (double) (BATCH * NEW_TOKENS);
    }
}
