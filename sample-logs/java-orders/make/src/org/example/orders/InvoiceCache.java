package org.example.orders;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** Rendered invoices by number. A limit of 0 means that nothing is ever thrown away. */
class InvoiceCache {
    private final Map<String, byte[]> documents;

    InvoiceCache(int limit) {
        documents = new LinkedHashMap<>(64, .75f, true) {
            @Override protected boolean removeEldestEntry(Map.Entry<String, byte[]> e) { return limit > 0 && size() > limit; }
        };
    }

    byte[] get(String number) {
        synchronized (documents) {
            byte[] d = documents.get(number);
            if (d == null) documents.put(number, d = render(number));
            return d;
        }
    }

    private byte[] render(String number) {
        byte[] page = new byte[ThreadLocalRandom.current().nextInt(250_000, 450_000)];
        ThreadLocalRandom.current().nextBytes(page);
        return page;
    }

    int size() { synchronized (documents) { return documents.size(); } }

    long kilobytes() {
        synchronized (documents) { return documents.values().stream().mapToLong(d -> d.length).sum() / 1000; }
    }
}
