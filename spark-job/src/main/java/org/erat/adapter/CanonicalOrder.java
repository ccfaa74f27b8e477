package org.erat.adapter;

/**
 * All adapters with their rows in canonical order: that of what they contribute to the product of B and A, so that the first
 * b rows of each are the closest adapter of rank b.
 *
 * @param values [n] all adapters, laid out as before; rows that a product does not need are zero
 * @param singularValues [slots][R] σ of each row, falling; 0 for rows that a product does not need
 */
public record CanonicalOrder(float[] values, double[][] singularValues) {
    /**
     * Orders the rows of all adapters.
     *
     * @param values [n or more] all adapters, laid out as {@code layout} says, finite
     */
    public static CanonicalOrder of(AdapterLayout layout, float[] values) {
        return of(layout, values, (slot, a, b) -> OrderedProduct.of(a, b));
    }

    /**
     * Orders the rows of all adapters by the mean square of their outputs.
     *
     * @param values [n or more] all adapters, laid out as {@code layout} says, finite
     * @param moments of their inner activations
     */
    public static CanonicalOrder of(AdapterLayout layout, float[] values, RowMoments moments) {
        return of(layout, values, (slot, a, b) -> OrderedProduct.of(a, b, moments.bySlot()[slot.index()]));
    }

    /** Orders one product. */
    @FunctionalInterface
    private interface Order {
        OrderedProduct of(AdapterLayout.Slot slot, double[][] a, double[][] b);
    }

    private static CanonicalOrder of(AdapterLayout layout, float[] values, Order order) {
        float[] ordered = new float[Math.toIntExact(layout.length())];
        double[][] singularValues = new double[layout.slots().size()][];
        for (AdapterLayout.Slot slot : layout.slots()) {
            OrderedProduct product = order.of(
                    slot,
                    rows(values, slot.rowOfA(0), slot.rank(), slot.in()),
                    rows(values, slot.rowOfB(0), slot.rank(), slot.out()));
            put(product.a(), ordered, slot.rowOfA(0));
            put(product.b(), ordered, slot.rowOfB(0));
            singularValues[slot.index()] = product.singularValues();
        }
        return new CanonicalOrder(ordered, singularValues);
    }

    private static double[][] rows(float[] values, long from, int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        int at = Math.toIntExact(from);
        for (double[] row : matrix) {
            for (int i = 0; i < columns; i++) {
                row[i] = values[at++];
            }
        }
        return matrix;
    }

    private static void put(double[][] rows, float[] into, long from) {
        int at = Math.toIntExact(from);
        for (double[] row : rows) {
            for (double value : row) {
                into[at++] = (float) value;
            }
        }
    }
}
