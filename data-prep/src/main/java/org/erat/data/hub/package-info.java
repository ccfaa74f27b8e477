/**
 * Models by name from the Hugging Face hub, or a mirror of it, by way of the cache that Python's client has. Start at {@link
 * org.erat.data.hub.Hub}. Uses {@code org.erat.data} and Jackson only.
 */
package org.erat.data.hub;
