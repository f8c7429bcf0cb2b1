import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** Calls as a Java workload makes them, with the client as it comes: it prefers HTTP/2 and offers h2c to every plain server. */
public class JavaClient {
    private static final HttpClient client = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        String url = args[0];
        byte[] large = new byte[8 * 1024 * 1024];
        for (int i = 0; i < large.length; i++) large[i] = (byte) (i % 251);

        print(send(request(url + "/get?a=b%20c").GET()));
        print(send(request(url + "/post").POST(BodyPublishers.ofString("<envelope/>"))));
        print(send(request(url + "/known-length").POST(BodyPublishers.ofByteArray(large))));
        BodyPublisher stream = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large));
        print(send(request(url + "/streamed").POST(stream)));
        print(send(request(url + "/expect").expectContinue(true).PUT(BodyPublishers.ofByteArray(large))));

        var parallel = IntStream.range(0, 50)
            .mapToObj(i -> client.sendAsync(request(url + "/parallel").GET().build(), BodyHandlers.ofString()))
            .toList();
        CompletableFuture.allOf(parallel.toArray(CompletableFuture[]::new)).join();
        for (var response : parallel) print(response.join());
    }

    private static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "text/xml");
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private static void print(HttpResponse<String> response) {
        System.out.println(response.statusCode() + " " + response.version() + " " + response.body());
    }
}
