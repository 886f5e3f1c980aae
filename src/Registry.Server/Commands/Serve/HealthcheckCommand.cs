using System.CommandLine;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Serve;

/// <summary><c>registry healthcheck</c>: checks the readiness of the running registry. For containers, which have no other HTTP client.</summary>
internal static class HealthcheckCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static Command Create(CommandContext context)
    {
        var address = new Option<string>("--url") { HelpName = "URL", Description = "Address of the registry: http:// or https:// with a host. Default: host and port of the settings." };
        var command = new DescribedCommand(
            "healthcheck",
            "Check if the running registry is ready, at the host and port of the settings. Exits with 0 when it is ready and with 1 when it is not, within 3 seconds.",
            "registry healthcheck",
            "registry healthcheck --port 5000",
            "registry healthcheck --url http://localhost:15000")
        {
            address,
        };
        command.SetAction((parsed, _) => parsed.GetValue(address) is { } text
            ? CheckAsync(context, text)
            : CheckOwnAsync(context, context.Sources(parsed)));
        return command;
    }

    private static Task<int> CheckAsync(CommandContext context, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            return Task.FromResult(context.Refuse($"--url is '{text}'; allowed: http:// or https:// with a host, for example http://localhost:15000"));
        }

        return CheckAsync(context, url, url.IsLoopback);
    }

    private static Task<int> CheckOwnAsync(CommandContext context, SettingSources sources)
    {
        var loaded = OptionsReader.Read(sources);
        string? fault = loaded.Faults is [var first, ..] ? first
            : loaded.Options.Port == 0 ? "REGISTRY_PORT is 0, so the port of the running registry is unknown; pass its address with --url"
            : null;
        if (fault is not null)
        {
            return Task.FromResult(context.Refuse(fault));
        }

        var scheme = loaded.Options.TlsCert is null ? "http" : "https";
        return CheckAsync(context, new UriBuilder(scheme, HostOf(loaded.Options.Host), loaded.Options.Port).Uri, isOwn: true);
    }

    private static string HostOf(string listening) => listening switch
    {
        "*" or "0.0.0.0" => "127.0.0.1",
        "::" => "[::1]",
        _ when IPAddress.TryParse(listening, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 => $"[{listening}]",
        _ => listening,
    };

    // The registry's certificate names the host that clients use, not the loopback address; and the check sends no secrets.
    private static async Task<int> CheckAsync(CommandContext context, Uri url, bool isOwn)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) => isOwn || errors == SslPolicyErrors.None;

        using var client = new HttpClient(handler) { BaseAddress = url, Timeout = Patience };
        try
        {
            var (isHealthy, answer) = await AskAsync(client);
            (isHealthy ? context.Output : context.Error).WriteLine($"{(isHealthy ? "healthy" : "registry: not healthy")}: {answer}");
            return isHealthy ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            var reason = e is TaskCanceledException ? $"no answer within {Patience.TotalSeconds:0} seconds" : (e.InnerException ?? e).Message;
            await context.Error.WriteLineAsync($"registry: not healthy: {url} {reason}");
            return ExitCodes.Failure;
        }
    }

    // An older registry has no /readyz; the base of its API is requested instead. 401 means that it requires authentication.
    private static async Task<(bool IsHealthy, string Answer)> AskAsync(HttpClient client)
    {
        const int MaxReason = 300;
        using var ready = await client.GetAsync(new Uri("/readyz", UriKind.Relative), HttpCompletionOption.ResponseContentRead);
        if (ready.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable)
        {
            var body = string.Join(' ', (await ready.Content.ReadAsStringAsync()).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return (ready.StatusCode == HttpStatusCode.OK, $"{ready.RequestMessage!.RequestUri} answered {(int)ready.StatusCode} {body[..Math.Min(body.Length, MaxReason)]}".TrimEnd());
        }

        using var root = await client.GetAsync(new Uri("/v2/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        return (root.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized, $"{root.RequestMessage!.RequestUri} answered {(int)root.StatusCode}");
    }
}
