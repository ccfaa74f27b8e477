package org.erat.evaluation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.erat.config.RowOrder;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.PromptReferences;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.generation.GeneratedText;
import org.erat.generation.Generations;
import org.erat.generation.Prompt;
import org.erat.generation.Prompts;
import org.erat.generation.TextModel;
import org.erat.inference.Selection;
import org.erat.textmetric.GenerationScores;
import org.erat.textmetric.Segment;

/**
 * Measures the texts that a language model generates. Each prompt of a data set is completed once, and compared with the
 * completions of all its examples.
 */
public final class TextEvaluator {
    private final Generations generations;
    private final Function<List<List<Segment>>, List<GenerationScores>> metrics;
    private final List<Prompt> prompts;
    private final List<List<String>> references;

    /** Takes the texts at a rank. */
    @FunctionalInterface
    public interface TextListener {
        void generated(RowOrder order, int rank, List<GeneratedText> texts);
    }

    /**
     * Reads prompts and references.
     *
     * @param metrics scores the texts of several ranks
     * @throws BadInputException if the data are not prompts with completions
     */
    public TextEvaluator(
            Generations generations,
            Function<List<List<Segment>>, List<GenerationScores>> metrics,
            TokenizedDataset data,
            Split split) {
        this.generations = generations;
        this.metrics = metrics;
        List<PromptReferences> all = data.references(split);
        this.prompts = Prompts.ofReferences(all, data, split);
        this.references = all.stream().map(PromptReferences::completions).toList();
        for (int i = 0; i < prompts.size(); i++) {
            if (references.get(i).isEmpty()) {
                throw new BadInputException(prompts.get(i).place()
                        + ": the prompt has no completion to compare with. Prepare data with completions.");
            }
        }
    }

    /**
     * Adds metrics of texts to those of an evaluation, at each of its ranks and in each order of the rows.
     *
     * @param model in whatever rows
     * @param adapter on its base model, as trained
     */
    public Evaluation addTo(Evaluation evaluation, TextModel model, TrainedAdapter adapter, TextListener listener) {
        List<List<Segment>> systems = new ArrayList<>();
        Map<RowOrder, List<Integer>> systemsOf = new EnumMap<>(RowOrder.class);
        // In every order rank 0 is the base model.
        OptionalInt ofBase = OptionalInt.empty();
        for (Map.Entry<RowOrder, List<RankMetrics>> measured :
                evaluation.prefixes().entrySet()) {
            RowOrder order = measured.getKey();
            TrainedAdapter ordered = adapter.inOrder(order);
            List<Integer> ofOrder = new ArrayList<>();
            for (RankMetrics entry : measured.getValue()) {
                int rank = entry.rank();
                if (rank == 0 && ofBase.isPresent()) {
                    ofOrder.add(ofBase.getAsInt());
                    continue;
                }
                if (rank == 0) {
                    ofBase = OptionalInt.of(systems.size());
                }
                ofOrder.add(systems.size());
                List<GeneratedText> texts = generations.of(model.with(Selection.prefix(ordered, rank)), prompts);
                listener.generated(order, rank, texts);
                systems.add(segments(texts));
            }
            systemsOf.put(order, ofOrder);
        }
        return evaluation.withPrefixes(withScores(evaluation, systemsOf, metrics.apply(systems)));
    }

    private static Map<RowOrder, List<RankMetrics>> withScores(
            Evaluation evaluation, Map<RowOrder, List<Integer>> systemsOf, List<GenerationScores> scores) {
        Map<RowOrder, List<RankMetrics>> added = new EnumMap<>(RowOrder.class);
        evaluation
                .prefixes()
                .forEach((order, entries) -> added.put(
                        order,
                        IntStream.range(0, entries.size())
                                .mapToObj(i -> entries.get(i)
                                        .with(scores.get(systemsOf.get(order).get(i))
                                                .byName()))
                                .toList()));
        return added;
    }

    private List<Segment> segments(List<GeneratedText> texts) {
        return IntStream.range(0, texts.size())
                .mapToObj(i -> new Segment(texts.get(i).text(), references.get(i)))
                .toList();
    }
}
