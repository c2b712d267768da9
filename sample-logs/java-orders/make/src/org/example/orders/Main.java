package org.example.orders;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public class Main {
    static final Logger log = LoggerFactory.getLogger(Main.class);

    interface Handler { Reply handle(HttpExchange x) throws Exception; }
    record Reply(int status, byte[] body) {
        Reply(int status, String text) { this(status, text.getBytes(StandardCharsets.UTF_8)); }
    }

    public static void main(String[] args) throws Exception {
        String release = System.getenv().getOrDefault("RELEASE", "dev");
        int cacheMax = Integer.parseInt(System.getenv().getOrDefault("INVOICE_CACHE_MAX", "0"));
        log.info("orders {} starting, max heap {} MB, invoice cache limit {}", release,
                Runtime.getRuntime().maxMemory() >> 20, cacheMax == 0 ? "none" : cacheMax);
        HikariConfig c = new HikariConfig();
        c.setPoolName("orders-pool");
        c.setJdbcUrl("jdbc:postgresql://127.0.0.1:21532/orders");
        c.setUsername("orders");
        c.setMaximumPoolSize(4);
        c.setConnectionTimeout(1500);
        OrderStore store = new OrderStore(new HikariDataSource(c));
        InvoiceCache cache = new InvoiceCache(cacheMax);

        HttpServer s = HttpServer.create(new InetSocketAddress("127.0.0.1", 21501), 50);
        s.setExecutor(Executors.newFixedThreadPool(8));
        route(s, "/health", x -> new Reply(200, "{\"status\":\"UP\"}"));
        route(s, "/orders/", x -> {
            String o = store.find(Integer.parseInt(x.getRequestURI().getPath().substring(8)));
            return o == null ? new Reply(404, "{}") : new Reply(200, o);
        });
        route(s, "/invoices/", x -> new Reply(200, cache.get(x.getRequestURI().getPath().substring(10))));
        s.start();
        log.info("orders {} listening on port 21501", release);
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(
                () -> log.info("invoice cache: {} documents, {} kB", cache.size(), cache.kilobytes()), 10, 10, TimeUnit.SECONDS);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> log.info("orders {} shutting down", release)));
    }

    static void route(HttpServer s, String path, Handler h) {
        s.createContext(path, x -> {
            Reply r;
            try {
                r = h.handle(x);
            } catch (SQLException e) {
                log.error("{} {}: database not available", x.getRequestMethod(), x.getRequestURI(), e);
                r = new Reply(503, "{\"error\":\"database\"}");
            } catch (NumberFormatException e) {
                log.warn("{} {}: {}", x.getRequestMethod(), x.getRequestURI(), e.getMessage());
                r = new Reply(400, "{\"error\":\"bad request\"}");
            } catch (Throwable e) {
                log.error("{} {} failed", x.getRequestMethod(), x.getRequestURI(), e);
                r = new Reply(500, "{\"error\":\"internal\"}");
            }
            try (x) {
                x.sendResponseHeaders(r.status(), r.body().length);
                x.getResponseBody().write(r.body());
            } catch (IOException e) {
                log.info("{} {}: client went away: {}", x.getRequestMethod(), x.getRequestURI(), e.getMessage());
            }
        });
    }
}
