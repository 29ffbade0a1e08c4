import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.openid.connect.sdk.*;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

public class App {
  static final String URL = System.getenv("APP_URL");
  static final URI CALLBACK = URI.create(URL + "/callback");
  static final ClientID ID = new ClientID(System.getenv("CLIENT_ID"));
  static final ClientSecretBasic AUTH = new ClientSecretBasic(ID, new Secret(System.getenv("CLIENT_SECRET")));
  static final Scope SCOPE = new Scope("openid", "email", "offline_access");

  /** What a sign-in that has begun in a browser must come back with. */
  record Begun(State state, Nonce nonce, CodeVerifier verifier) {}

  /** Somebody who is signed in. */
  record User(String email, JWT idToken, RefreshToken refresh) {}

  static final Map<String, Begun> begun = new ConcurrentHashMap<>();
  static final Map<String, User> users = new ConcurrentHashMap<>();

  static OIDCProviderMetadata latchkey;
  static IDTokenValidator validator;

  public static void main(String[] args) throws Exception {
    latchkey = OIDCProviderMetadata.resolve(new Issuer(System.getenv("ISSUER")));
    validator = new IDTokenValidator(latchkey.getIssuer(), ID, JWSAlgorithm.ES256, latchkey.getJWKSetURI().toURL());
    var server = HttpServer.create(new InetSocketAddress("localhost", URI.create(URL).getPort()), 0);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/", exchange -> {
      try (exchange) {
        answer(exchange);
      } catch (Exception fault) {
        fault.printStackTrace();
      }
    });
    server.start();
  }

  static void answer(HttpExchange exchange) throws Exception {
    var session = session(exchange);
    switch (exchange.getRequestURI().getPath()) {
      case "/" -> {
        var user = users.get(session);
        say(exchange, user == null ? "<a href='/login'>Log in</a>" : user.email());
      }
      case "/login" -> go(exchange, login(renewed(exchange)));
      case "/callback" -> {
        var user = callback(URI.create(URL + exchange.getRequestURI()), begun.remove(session));
        users.put(renewed(exchange), user);
        go(exchange, URI.create(URL + "/"));
      }
      case "/refresh" -> say(exchange, "{\"expires_in\":" + refresh(session) + "}");
      case "/logout" -> {
        var user = users.remove(session);
        var hint = user == null ? null : user.idToken();
        var back = URI.create(URL + "/");
        go(exchange, new LogoutRequest(latchkey.getEndSessionEndpointURI(), hint, back, null).toURI());
      }
      default -> exchange.sendResponseHeaders(404, -1);
    }
  }

  static URI login(String session) {
    var sign = new Begun(new State(), new Nonce(), new CodeVerifier());
    begun.put(session, sign);
    return new AuthenticationRequest.Builder(new ResponseType("code"), SCOPE, ID, CALLBACK)
        .endpointURI(latchkey.getAuthorizationEndpointURI())
        .state(sign.state())
        .nonce(sign.nonce())
        .codeChallenge(sign.verifier(), CodeChallengeMethod.S256)
        .build()
        .toURI();
  }

  static User callback(URI uri, Begun sign) throws Exception {
    var answer = AuthenticationResponseParser.parse(uri);
    if (!answer.indicatesSuccess()) throw new Exception(answer.toErrorResponse().getErrorObject().getDescription());
    // RFC 9207: the answer must be of who was asked.
    if (!sign.state().equals(answer.getState()) || !latchkey.getIssuer().equals(answer.getIssuer()))
      throw new Exception("the answer is to another question");
    var code = answer.toSuccessResponse().getAuthorizationCode();
    var tokens = redeem(new AuthorizationCodeGrant(code, CALLBACK, sign.verifier()));
    var claims = validator.validate(tokens.getIDToken(), sign.nonce());
    // The email is not in the ID token.
    var asked = new UserInfoRequest(latchkey.getUserInfoEndpointURI(), tokens.getAccessToken()).toHTTPRequest().send();
    var info = UserInfoResponse.parse(asked).toSuccessResponse().getUserInfo();
    if (!info.getSubject().equals(claims.getSubject())) throw new Exception("userinfo is about somebody else");
    return new User(info.getEmailAddress(), tokens.getIDToken(), tokens.getRefreshToken());
  }

  static long refresh(String session) throws Exception {
    var user = users.get(session);
    var tokens = redeem(new RefreshTokenGrant(user.refresh()));
    users.put(session, new User(user.email(), user.idToken(), tokens.getRefreshToken()));
    return tokens.getAccessToken().getLifetime();
  }

  static OIDCTokens redeem(AuthorizationGrant grant) throws Exception {
    var request = new TokenRequest.Builder(latchkey.getTokenEndpointURI(), AUTH, grant).build();
    var answer = OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
    if (!answer.indicatesSuccess()) throw new Exception(answer.toErrorResponse().getErrorObject().getDescription());
    return ((OIDCTokenResponse) answer.toSuccessResponse()).getOIDCTokens();
  }

  static String session(HttpExchange exchange) {
    var cookies = exchange.getRequestHeaders().getFirst("Cookie");
    for (var each : cookies == null ? new String[0] : cookies.split("; "))
      if (each.startsWith("session=")) return each.substring("session=".length());
    return "";
  }

  /** A new session each time, so that nobody knows it who knew the one before. */
  static String renewed(HttpExchange exchange) {
    var session = new State().getValue();
    var secure = URL.startsWith("https:") ? "; Secure" : "";
    exchange.getResponseHeaders().add("Set-Cookie", "session=" + session + "; Path=/; HttpOnly; SameSite=Lax" + secure);
    return session;
  }

  static void go(HttpExchange exchange, URI to) throws Exception {
    exchange.getResponseHeaders().add("Location", to.toString());
    exchange.sendResponseHeaders(303, -1);
  }

  static void say(HttpExchange exchange, String text) throws Exception {
    exchange.getResponseHeaders().add("Content-Type", "text/html");
    exchange.sendResponseHeaders(200, text.getBytes().length);
    exchange.getResponseBody().write(text.getBytes());
  }
}
