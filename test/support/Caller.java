import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/**
 * Sends requests as the JDK's two HTTP clients do unless they are told otherwise. Arguments: client (url or http), method, URL, body.
 * Prints one line per request: status, content type, body.
 */
public class Caller {
  public static void main(String[] arguments) throws Exception {
    for (int at = 0; at + 3 < arguments.length; at += 4) {
      String url = arguments[at + 2];
      boolean old = arguments[at].equals("url");
      System.out.println(old ? byConnection(arguments[at + 1], url, arguments[at + 3]) : byClient(arguments[at + 1], url, arguments[at + 3]));
    }
  }

  static String byConnection(String method, String url, String body) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestMethod(method);
    if (!body.isEmpty()) {
      connection.setDoOutput(true);
      connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
    }
    int status = connection.getResponseCode();
    InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
    String text = stream == null ? "" : new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    return status + "\t" + connection.getContentType() + "\t" + text;
  }

  static String byClient(String method, String url, String body) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .method(method, body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
        .build();
    HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    return response.statusCode() + "\t" + response.headers().firstValue("content-type").orElse("null") + "\t" + response.body();
  }
}
