using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Registry.Core.Access;

namespace Registry.Server.Commands.Remote;

/// <summary>A running registry, asked over its API with the login that docker has stored.</summary>
internal sealed class RemoteRegistry : IDisposable
{
    // A page of the longest history.
    private const int MaxAnswer = 16 * 1024 * 1024;

    // A purge removes the bytes of many layers before it answers.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _client;
    private readonly RemoteAddress _address;
    private readonly DockerCredential? _credential;
    private readonly RemoteScope _scope;

    private RemoteRegistry(RemoteAddress address, DockerCredential? credential, RemoteScope scope, TimeSpan patience)
    {
        (_address, _credential, _scope) = (address, credential, scope);
#pragma warning disable CA2000 // The client disposes it.
        _client = new HttpClient(LocalSocket.CreateHandler(address)) { Timeout = patience, MaxResponseContentBufferSize = MaxAnswer };
#pragma warning restore CA2000
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("registry", ProductVersion.Text));
    }

    /// <summary>Connects, and authenticates if the registry asks for it.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="credentials">The stored logins.</param>
    /// <param name="scope">What the requests ask for.</param>
    /// <param name="patience">Time for each answer; null for half a minute.</param>
    /// <exception cref="RemoteException">The registry cannot be asked, or refuses.</exception>
    public static async Task<RemoteRegistry> ConnectAsync(RemoteAddress address, DockerCredentials credentials, RemoteScope scope, TimeSpan? patience = null)
    {
        var credential = await credentials.FindAsync(address.Login);
        var registry = new RemoteRegistry(address, credential, scope, patience ?? Patience);
        try
        {
            registry._client.DefaultRequestHeaders.Authorization =
                await new RemoteLogin(registry._client, address, credential).AuthorizeAsync(scope.Text);
            return registry;
        }
        catch
        {
            registry.Dispose();
            throw;
        }
    }

    /// <summary>Uses the socket of a registry on this machine, which needs no credentials.</summary>
    public static RemoteRegistry OfSocket(RemoteAddress address) => new(address, null, RemoteScope.Maintenance, Patience);

    /// <summary>Sends a GET.</summary>
    /// <exception cref="RemoteException">The registry cannot be asked, or refuses.</exception>
    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => SendAsync(new HttpRequestMessage(HttpMethod.Get, UrlOf(path)), type);

    /// <summary>Sends a POST.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="body">The body.</param>
    /// <param name="bodyType">Type of the body.</param>
    /// <param name="ifMatch">Entity tag that must be the current one; null for none.</param>
    /// <param name="type">Type of the answer.</param>
    /// <exception cref="RemoteException">The registry cannot be asked, or refuses.</exception>
    public Task<T> PostAsync<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, string? ifMatch, JsonTypeInfo<T> type)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, UrlOf(path)) { Content = JsonContent.Create(body, bodyType) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", $"\"{ifMatch}\"");
        }

        return SendAsync(request, type);
    }

    /// <summary>Sends a DELETE.</summary>
    /// <exception cref="RemoteException">The registry cannot be asked, or refuses.</exception>
    public async Task DeleteAsync(string path)
    {
        using var answer = await RemoteMessage.SendAsync(_client, _address, new HttpRequestMessage(HttpMethod.Delete, UrlOf(path)));
        if (!answer.IsSuccessStatusCode)
        {
            throw new RemoteException(Explain(answer, await answer.Content.ReadAsStringAsync()));
        }
    }

    public void Dispose() => _client.Dispose();

    private Uri UrlOf(string path) => new(_address.Url, path);

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type)
    {
        using var answer = await RemoteMessage.SendAsync(_client, _address, request);
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode)
        {
            throw new RemoteException(Explain(answer, text));
        }

        try
        {
            return JsonSerializer.Deserialize(text, type) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new RemoteException($"{_address.Login} sent an answer that this command does not understand; it may be another version of the registry, or another program");
        }
    }

    private string Explain(HttpResponseMessage answer, string body)
    {
        var reasons = RemoteMessage.Reasons(body);
        return answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized when answer.Headers.WwwAuthenticate.Select(AuthenticationChallenge.Parse).Any(challenge => challenge.Error == "insufficient_scope") && _credential is not null =>
                $"{_credential.Who} may not {_scope.Need} at {_address.Login}: the token service does not grant it",
            HttpStatusCode.Forbidden when _address.Socket is not null => $"{_address.Login} refuses: {reasons}",
            HttpStatusCode.Forbidden when _scope == RemoteScope.Maintenance =>
                $"{_credential?.Who ?? "a caller without a login"} may not maintain the registry at {_address.Login}: over the network, only the adminUsers of its access rules may. On its own machine, root and its own user may, without --server",
            HttpStatusCode.Unauthorized => RemoteMessage.Unauthorized(_address, _credential),
            HttpStatusCode.Forbidden => $"{_credential?.Who ?? "a caller without a login"} may not {_scope.Need} at {_address.Login}; the access rules of the registry deny it",
            HttpStatusCode.NotFound when answer.RequestMessage!.Method != HttpMethod.Delete && answer.Content.Headers.ContentType?.MediaType != "application/problem+json" =>
                $"{_address.Login} has no {answer.RequestMessage!.RequestUri!.AbsolutePath}: it is an older version of the registry, or another program",
            HttpStatusCode.PreconditionFailed => $"nothing was changed at {_address.Login}: the tag does not refer to the manifest of --if-match any more",
            HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.BadRequest when reasons.Length > 0 => $"{_address.Login}: {reasons}",
            _ => $"{_address.Login} answered {(int)answer.StatusCode}{(reasons.Length > 0 ? $": {reasons}" : string.Empty)}",
        };
    }
}
