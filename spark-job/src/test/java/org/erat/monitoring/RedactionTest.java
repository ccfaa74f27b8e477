package org.erat.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {
    private final SparkConf spark = new SparkConf(false);
    private final Configuration hadoop = new Configuration();

    private String redacted(String text) {
        return Redaction.of(spark, hadoop).of(text);
    }

    @Test
    void theValueOfASecretPropertyIsHiddenWhereverItStands() {
        spark.set("spark.hadoop.fs.s3a.secret.key", "Zm9vYmFy+/");
        spark.set("spark.ssl.keyPassword", "open sesame");
        hadoop.set("fs.azure.account.key.x.dfs.core.windows.net", "QUFB==");
        assertThat(redacted("cannot sign with Zm9vYmFy+/ (open sesame, QUFB==)"))
                .isEqualTo("cannot sign with *********(redacted) (*********(redacted), *********(redacted))");
    }

    @Test
    void sparksOwnPatternCountsToo() {
        spark.set("spark.redaction.regex", "(?i)licen[cs]e").set("spark.erat.license", "abc-def-ghi");
        spark.set("spark.my.token", "0123456x");
        assertThat(redacted("abc-def-ghi 0123456x")).isEqualTo("*********(redacted) *********(redacted)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--set fs.s3a.secret.key=abc : unknown key | --set fs.s3a.secret.key=*********(redacted) : unknown key",
                "spark.password = \"a b\", x | spark.password = *********(redacted), x",
                "-Djavax.net.ssl.trustStorePassword=changeit -Dx=1 | -Djavax.net.ssl.trustStorePassword=*********(redacted) -Dx=1",
                "s3a://AKIA:secret@bucket/a b | s3a://*********(redacted)@bucket/a b"
            })
    void assignmentsAndAddressesAreKnownByTheirForm(String text, String expected) {
        assertThat(redacted(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "round 3/15  loss 2.3041  203 examples/s  2,748 tokens/s  2:05 left",
                "{\"padded_tokens\":12,\"tokenizer\":\"9c1185a5c5e9fc54612808977ee8f548b2258d31\"}",
                "head.pooling = family",
                "abfss://container@account.dfs.core.windows.net/models",
                "hdfs://host:8020/data/2024@noon"
            })
    void whatIsNoSecretStays(String text) {
        // Switches and numbers under names that sound secret would otherwise be hidden all over.
        spark.set("spark.yarn.token.interval", "203").set("spark.secret.enabled", "false");
        assertThat(redacted(text)).isEqualTo(text);
    }

    @Test
    void propertiesAreHiddenByName() {
        assertThat(Redaction.of(spark, hadoop)
                        .of(Map.of("a.password", "x", "b", "1", "c.options", "-Dkey.password=y -Dz=1")))
                .containsExactly(
                        Map.entry("a.password", Redaction.HIDDEN),
                        Map.entry("b", "1"),
                        Map.entry("c.options", "-Dkey.password=" + Redaction.HIDDEN + " -Dz=1"));
    }

    @Test
    void whatHadoopBringsItselfIsNoSecret() {
        // core-default.xml has credentials providers' class names and the like under such names.
        assertThat(redacted(hadoop.get("hadoop.security.groups.cache.secs") + " kerberos simple"))
                .isEqualTo("300 kerberos simple");
    }
}
