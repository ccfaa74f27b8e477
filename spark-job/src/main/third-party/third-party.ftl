<#-- META-INF/THIRD-PARTY.txt of the job's jar. The first part is generated from the POMs of the bundled artifacts. No POM
     has the other two parts, so they are written by hand. ShippedJobIT compares all three with the jar. -->
THIRD-PARTY SOFTWARE IN THE JOB'S JAR

Licences have their SPDX identifiers (https://spdx.org/licenses). OR means that you may choose. META-INF/LICENSE is the
text of Apache-2.0, and META-INF/licenses/ has the texts of the others.


1. BUNDLED ARTIFACTS
<#list dependencyMap as entry>
<#assign project = entry.getKey()/>

${project.groupId}:${project.artifactId}:${project.version}
    ${project.name}<#if project.url??>, ${project.url}</#if>
    <#list entry.getValue() as license>${license}<#sep> OR </#sep></#list>
</#list>


2. WHAT THESE ARTIFACTS HOLD OF OTHERS

In org.nd4j:jackson
    com.fasterxml.jackson.core:jackson-core, com.fasterxml.jackson.core:jackson-databind,
    com.fasterxml.jackson.core:jackson-annotations, com.fasterxml.jackson.dataformat:jackson-dataformat-yaml,
    com.fasterxml.jackson.dataformat:jackson-dataformat-xml, com.fasterxml.jackson.datatype:jackson-datatype-joda,
    com.fasterxml.woodstox:woodstox-core, org.yaml:snakeyaml
    Apache-2.0
    org.codehaus.woodstox:stax2-api
    BSD-2-Clause
In org.nd4j:guava
    com.google.guava:guava, com.google.guava:failureaccess, com.google.code.findbugs:jsr305,
    com.google.errorprone:error_prone_annotations, com.google.j2objc:j2objc-annotations
    Apache-2.0
In org.nd4j:protobuf
    com.google.protobuf:protobuf-java, com.google.protobuf:protobuf-java-util
    BSD-3-Clause
In org.nd4j:nd4j-api
    message classes of TensorFlow and ONNX
    Apache-2.0
In org.apache.opennlp:opennlp-tools
    Snowball stemmers, https://snowballstem.org
    BSD-3-Clause


3. NATIVE LIBRARIES

libdnnl.so.3
    oneDNN, https://github.com/uxlfoundation/oneDNN, Apache-2.0
    with Xbyak and ittnotify, BSD-3-Clause
libopenblas.so.0
    OpenBLAS, https://github.com/OpenMathLib/OpenBLAS, BSD-3-Clause
    with GotoBLAS2, BSD-2-Clause, and LAPACK, BSD-3-Clause
libtokenizers.so
    DJL's binding, https://github.com/deepjavalibrary/djl, Apache-2.0
    with Hugging Face tokenizers, https://github.com/huggingface/tokenizers, and candle,
    https://github.com/huggingface/candle, Apache-2.0
    with Oniguruma, https://github.com/kkos/oniguruma, BSD-2-Clause
    with the Rust crates in Cargo.lock of DJL's binding: Apache-2.0, MIT, BSD-3-Clause, ISC, Unicode-3.0
libnd4jcpu.so, and libnd4jcuda.so with the Maven profile "cuda-11.6"
    libnd4j of Deeplearning4j, https://github.com/deeplearning4j/deeplearning4j, Apache-2.0
    with FlatBuffers, https://github.com/google/flatbuffers, Apache-2.0
    with Eigen, https://gitlab.com/libeigen/eigen, MPL-2.0
libjnijavacpp.so, libjnidnnl.so, libjniopenblas.so, libjniopenblas_nolapack.so, libjniOpenCL.so, libjnind4jcpu.so
    bindings made by JavaCPP, https://github.com/bytedeco/javacpp-presets
    Apache-2.0 OR GPL-2.0-or-later WITH Classpath-exception-2.0
    A jar built with the Maven profiles "cuda" or "cuda-11.6" holds more of them, and nothing of CUDA itself.
libOpenCL.so.1
    OpenCL ICD Loader of the Khronos Group, https://github.com/KhronosGroup/OpenCL-ICD-Loader, Apache-2.0
libjnidispatch.so
    JNA, https://github.com/java-native-access/jna, Apache-2.0 OR LGPL-2.1-or-later
    with libffi, https://github.com/libffi/libffi, MIT
libgomp.so.1, libgfortran.so.5, libgcc_s.so.1
    runtime libraries of GCC, https://gcc.gnu.org, GPL-3.0-or-later WITH GCC-exception-3.1
    libgomp is the OpenMP runtime.
libquadmath.so.0
    runtime library of GCC, https://gcc.gnu.org, LGPL-2.1-or-later
