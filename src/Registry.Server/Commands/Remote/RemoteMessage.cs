using System.Security.Authentication;
using System.Text.Json;

namespace Registry.Server.Commands.Remote;

/// <summary>Requests to a registry or its token service, and messages about those that fail.</summary>
internal static class RemoteMessage
{
    // Of an answer that is not JSON.
    private const int MaxText = 200;

    /// <summary>Sends a request, and reads the whole answer.</summary>
    /// <exception cref="RemoteException">There is no answer.</exception>
    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, RemoteAddress address, HttpRequestMessage request)
    {
        var url = address.Place;
        try
        {
            using (request)
            {
                var answer = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead);
                return (int)answer.StatusCode is >= 300 and < 400
                    ? throw new RemoteException($"{url} redirects to {answer.Headers.Location}; pass that address with --server")
                    : answer;
            }
        }
        catch (TaskCanceledException)
        {
            throw new RemoteException($"{url} gave no answer within {client.Timeout.TotalSeconds:0} seconds");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError || e.InnerException is AuthenticationException)
        {
            throw new RemoteException(
                $"no TLS connection to {url}: {Reason(e)}. Name the CA of its certificate with SSL_CERT_FILE; if the registry has no TLS, pass its address with --server http://…");
        }
        catch (HttpRequestException e) when (address.Socket is not null)
        {
            throw new RemoteException($"{url} gives no answer: {Reason(e)}. It may have been stopped meanwhile");
        }
        catch (HttpRequestException e)
        {
            throw new RemoteException($"{url} cannot be reached: {Reason(e)}. Check that the registry runs there, or pass its address with --server");
        }
    }

    /// <summary>Describes that a login is missing or wrong.</summary>
    public static string Unauthorized(RemoteAddress address, DockerCredential? credential) => credential is null
        ? $"{address.Login} needs a login; run 'docker login {address.Login}' first"
        : $"{address.Login} does not accept the login of {credential.Who} from {credential.Source}; run 'docker login {address.Login}' again";

    /// <summary>Describes an answer that is an error: its status, and its reason in any of the formats that registries use.</summary>
    public static async Task<string> DescribeAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return $"{(int)answer.StatusCode}{(Reasons(text) is { Length: > 0 } reasons ? $" ({reasons})" : string.Empty)}";
    }

    /// <summary>The reason in the body of an error; empty if it has none.</summary>
    public static string Reasons(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? string.Empty
                : root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array
                    ? string.Join("; ", errors.EnumerateArray().Select(error => Join(error, "message", "detail")).Where(reason => reason.Length > 0))
                : Join(root, "title", "detail");
        }
        catch (JsonException)
        {
            // A page of a proxy, perhaps.
            var line = string.Join(' ', body.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return Printable(line.Length <= MaxText ? line : $"{line[..MaxText]}…");
        }
    }

    /// <summary>Replaces what a terminal might obey.</summary>
    public static string Printable(string text) => text.Any(char.IsControl) ? new string([.. text.Select(c => char.IsControl(c) ? '?' : c)]) : text;

    private static string Join(JsonElement element, string message, string detail) => element.ValueKind == JsonValueKind.Object
        ? Printable(string.Join(": ", new[] { message, detail }.Select(name => Text(element, name)).Where(text => text.Length > 0)))
        : string.Empty;

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString()! : string.Empty;

    private static string Reason(HttpRequestException e) => (e.InnerException?.InnerException ?? e.InnerException ?? e).Message.TrimEnd('.');
}
