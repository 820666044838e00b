package org.example.notes;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Notes behind an API. */
public final class Main {
    private static final Gson GSON = new Gson();

    public static void main(String[] args) throws IOException {
        Map<String, String> env = System.getenv();
        Notes notes = new Notes(Path.of(env.getOrDefault("STATE_DIRECTORY", "."), "notes.json"));
        HttpServer server = HttpServer.create(
            new InetSocketAddress(env.get("HOST"), Integer.parseInt(env.get("PORT"))), 0);
        server.createContext("/", exchange -> {
            boolean known = exchange.getRequestURI().getPath().equals("/");
            String page = known ? "<h1>" + notes.all().size() + " notes</h1>" : "there is no such page";
            answer(exchange, known ? 200 : 404, "text/html; charset=utf-8", page);
        });
        server.createContext("/api/notes", exchange -> {
            boolean more = exchange.getRequestMethod().equals("POST");
            if (more) {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                notes.add(GSON.fromJson(body, JsonObject.class).get("text").getAsString());
            }
            answer(exchange, more ? 201 : 200, "application/json", GSON.toJson(notes.all()));
        });
        server.start();
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
