using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Registry.Core.Access;

namespace Registry.Server.Commands.Remote;

/// <summary>
/// Authenticates to a registry as docker does: <c>/v2/</c> tells how, then come passwords with each request, or tokens of a service (Docker's "Token Authentication
/// Specification"; "OAuth2 Token Authentication" for stored tokens).
/// </summary>
internal sealed class RemoteLogin(HttpClient client, RemoteAddress address, DockerCredential? credential)
{
    // What a token service would write to its log.
    private const string ClientId = "registry";

    /// <summary>Finds the header that authorizes requests.</summary>
    /// <param name="scope">Permission that the requests need, as in <c>repository:team/app:pull</c>.</param>
    /// <returns>Null if the registry needs no credentials, or there are none.</returns>
    /// <exception cref="RemoteException">The registry or its token service refuses.</exception>
    public async Task<AuthenticationHeaderValue?> AuthorizeAsync(string scope)
    {
        using var answer = await RemoteMessage.SendAsync(client, address, new HttpRequestMessage(HttpMethod.Get, new Uri(address.Url, "/v2/")));
        if (answer.StatusCode != HttpStatusCode.Unauthorized)
        {
            return answer.IsSuccessStatusCode
                ? null
                : throw new RemoteException($"{address.Url.OriginalString.TrimEnd('/')} is not a registry that can be asked: GET /v2/ was answered with {await RemoteMessage.DescribeAsync(answer)}");
        }

        var challenges = answer.Headers.WwwAuthenticate.Select(AuthenticationChallenge.Parse).ToList();
        if (challenges.Find(challenge => challenge.IsBearer) is { Realm: { } realm } bearer)
        {
            return new AuthenticationHeaderValue("Bearer", credential?.RegistryToken ?? await GetTokenAsync(realm, bearer.Service, scope));
        }

        return challenges.Exists(challenge => challenge.IsBasic)
            ? credential is { User.Length: > 0 } ? Basic(credential) : null
            : throw new RemoteException($"{address.Login} asks for a way of authentication that this command does not know: {answer.Headers.WwwAuthenticate}");
    }

    private static AuthenticationHeaderValue Basic(DockerCredential credential) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password}")));

    private async Task<string> GetTokenAsync(string realm, string? service, string scope)
    {
        if (!Uri.TryCreate(realm, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new RemoteException($"{address.Login} names the token service '{realm}', which is not an address");
        }

        if (credential is not null && address.Url.Scheme == "https" && url.Scheme == "http")
        {
            throw new RemoteException($"{address.Login} names the token service {url}, to which a password would go unencrypted; the registry's REGISTRY_AUTH_TOKEN_REALM must be https://");
        }

        using var answer = await RemoteMessage.SendAsync(client, address with { Url = url }, CreateRequest(url, service, scope));
        if (answer.StatusCode == HttpStatusCode.Unauthorized || (answer.StatusCode == HttpStatusCode.BadRequest && credential?.IdentityToken is not null))
        {
            throw new RemoteException(RemoteMessage.Unauthorized(address, credential));
        }

        if (!answer.IsSuccessStatusCode)
        {
            throw new RemoteException($"the token service {url.GetLeftPart(UriPartial.Path)} answered {await RemoteMessage.DescribeAsync(answer)}");
        }

        try
        {
            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            foreach (var name in (string[])["token", "access_token"])
            {
                if (document.RootElement.TryGetProperty(name, out var token) && token.GetString() is { Length: > 0 } text)
                {
                    return text;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Reported below.
        }

        throw new RemoteException($"the token service {url.GetLeftPart(UriPartial.Path)} sent no token");
    }

    private HttpRequestMessage CreateRequest(Uri url, string? service, string scope)
    {
        if (credential?.IdentityToken is { } identity)
        {
            return new HttpRequestMessage(HttpMethod.Post, url)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "refresh_token",
                    ["service"] = service ?? string.Empty,
                    ["client_id"] = ClientId,
                    ["scope"] = scope,
                    ["refresh_token"] = identity,
                }),
            };
        }

        var query = new StringBuilder(url.Query.Length > 0 ? $"{url.Query}&" : "?");
        query.Append(System.Globalization.CultureInfo.InvariantCulture, $"scope={Uri.EscapeDataString(scope)}");
        if (service is not null)
        {
            query.Append(System.Globalization.CultureInfo.InvariantCulture, $"&service={Uri.EscapeDataString(service)}");
        }

        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(url) { Query = query.ToString() }.Uri);
        request.Headers.Authorization = credential is { User.Length: > 0 } ? Basic(credential) : null;
        return request;
    }
}
