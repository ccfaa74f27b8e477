/**
 * Base models: the directory that a training job reads ({@link org.erat.data.basemodel.BaseModelDirectory}:
 * {@code config.json}, {@code model.safetensors}, {@code tokenizer.json}, with Hugging Face names and shapes) and the
 * importers that prepare it from a Hugging Face directory, an ONNX graph or a TensorFlow checkpoint
 * ({@link org.erat.data.basemodel.BaseModelImporter}). The families in {@code org.erat.data.architecture} read the
 * configuration and know the names of the tensors. Uses that package, {@code org.erat.data},
 * {@code org.erat.data.hub}, {@code org.erat.data.maven}, {@code org.erat.data.safetensors}, {@code org.erat.data.storage}, Hadoop's FileSystem,
 * Jackson, the protocol buffer classes of nd4j-api, Snappy and the tokenizers library. Does not use Spark.
 */
package org.erat.data.basemodel;
