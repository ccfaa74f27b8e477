/**
 * Reading and writing of the safetensors format: {@link org.erat.data.safetensors.SafetensorsFile} is strict about what
 * it opens and maps tensors from disk, {@link org.erat.data.safetensors.SafetensorsWriter} writes f32 tensors in one
 * fixed order. Uses the shared errors of {@code org.erat.data} and Jackson; knows nothing of models.
 */
package org.erat.data.safetensors;
