package org.erat.cli;

import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.config.RowOrder;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.storage.Storage;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.TextEvaluator;
import org.erat.export.TrainedAdapter;
import org.erat.generation.GeneratedText;
import org.erat.generation.Generations;
import org.erat.generation.TextModel;
import org.erat.inference.AdapterUse;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;

/**
 * The part of {@code evaluate --generate} that measures texts.
 *
 * @param adapter on its base model, as trained
 * @param out folder to write texts to
 */
record TextEvaluation(
        TextEvaluator evaluator,
        TextModel model,
        TrainedAdapter adapter,
        Optional<String> out,
        Configuration hadoop,
        Progress progress) {
    /** Checks all that can be checked before long work. */
    static TextEvaluation prepare(
            SparkSession session,
            AdapterUse use,
            SplitOption.Examples examples,
            EvaluateCommand.Texts texts,
            Progress progress) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        BaseModel base = BaseModel.describe(use.modelUri(), hadoop);
        TrainedAdapter adapter = use.adapter().on(base);
        TextModel model = TextModel.read(hadoop, base, Selection.prefix(adapter, adapter.rank()), use.compute());
        texts.meteor().check(hadoop);
        texts.out().ifPresent(folder -> file(folder, "texts.jsonl", hadoop).requireFile());
        Generations generations = new Generations(
                session, texts.decoding().settings(), texts.decoding().batchSize(), progress::say);
        TextEvaluator evaluator = new TextEvaluator(
                generations, systems -> texts.meteor().scores(systems, hadoop), examples.data(), examples.split());
        return new TextEvaluation(evaluator, model, adapter, texts.out(), hadoop, progress);
    }

    private static AtomicOutput file(String folder, String name, Configuration hadoop) {
        return AtomicOutput.at(new Path(Storage.path(folder), name), hadoop);
    }

    /** The evaluation with the metrics of texts. */
    Evaluation addTo(Evaluation evaluation) {
        boolean oneOrder = evaluation.prefixes().size() == 1;
        return evaluator.addTo(
                evaluation, model, adapter, (order, rank, texts) -> keep(name(order, rank, oneOrder), texts));
    }

    private static String name(RowOrder order, int rank, boolean oneOrder) {
        return "rank-" + rank + (oneOrder || rank == 0 ? "" : "-" + order.key()) + ".jsonl";
    }

    private void keep(String name, List<GeneratedText> texts) {
        out.ifPresent(folder -> {
            GeneratedText.write(texts, file(folder, name, hadoop));
            progress.say("texts: " + new Path(folder, name));
        });
    }
}
