package org.erat.data.text;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;

/**
 * Splits rows into training and validation by a seeded hash of their texts. Rows of equal text always fall on the same
 * side, so that no validation text is seen in training, and a row's side does not depend on the other rows.
 */
record ValidationShare(double share, long seed) {
    ValidationShare {
        if (!(share > 0 && share < 1)) {
            throw new UsageException(String.format(
                    "A share of %s for validation: it must be above 0 and below 1, 0.02 for example", share));
        }
    }

    /** The split of {@code row}. */
    Split of(TextRow row) {
        return position(row) < share ? Split.VALIDATION : Split.TRAIN;
    }

    /** A number in [0, 1); the rows whose number is below the share are for validation. */
    double position(TextRow row) {
        MessageDigest digest = Sha256.start();
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).array());
        digest.update(String.join("\0", row.texts()).getBytes(StandardCharsets.UTF_8));
        // The upper 53 bits.
        return (ByteBuffer.wrap(digest.digest()).getLong() >>> 11) * 0x1.0p-53;
    }
}
