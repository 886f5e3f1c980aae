using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Registry.Bench.Pages;
using Registry.Bench.Peers;
using Registry.Core.Oci;
using Registry.Server.Commands.Access;
using Registry.Testing.Processes;

namespace Registry.Bench.Scale;

/// <summary>The registry as a separate process, with users of different rights.</summary>
internal sealed class ScaleServer : IAsyncDisposable
{
    private const string Password = "secret";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromMinutes(2);

    private static readonly string Rules = $$"""
        { "defaultPolicy": "deny", "adminUsers": ["admin"], "rules": [
          {{string.Concat(Enumerable.Range(0, 300).Select(i => $$"""
          { "repository": "{{ScaleContent.Team}}-{{i:d4}}/**", "users": ["denied"], "permissions": [] },

          """))}}
          { "repository": "{{ScaleContent.Team}}/app-01", "users": ["three"], "permissions": ["pull"] },
          { "repository": "{{ScaleContent.Team}}-0005/app-50", "users": ["three"], "permissions": ["pull"] },
          { "repository": "{{ScaleContent.Team}}-0009/app-99", "users": ["three"], "permissions": ["pull"] },
          { "repository": "{{ScaleContent.Team}}-0009/**", "users": ["one-team"], "permissions": ["pull"] },
          { "repository": "{{ScaleContent.Team}}**", "users": ["denied"], "permissions": [] },
          { "repository": "**", "users": ["denied"], "permissions": ["pull"] },
          { "repository": "**/app-99", "users": ["suffix"], "permissions": ["pull"] } ] }
        """;

    private readonly BackgroundProcess _process;
    private readonly Uri _address;

    private ScaleServer(BackgroundProcess process, Uri address)
    {
        _process = process;
        _address = address;
    }

    public int Id => _process.Id;

    /// <summary>Times from the start of the process to the first answers to <c>/v2/</c> and to a listing of tags, in milliseconds.</summary>
    public (double Version, double Tags) Ready { get; private set; }

    /// <summary>Memory of the process, in MiB: in total, and not backed by files.</summary>
    public (double All, double Anonymous) Memory => (Status("VmRSS:"), Status("RssAnon:"));

    public static async Task<ScaleServer> StartAsync(
        RegistryProgram program, IReadOnlyDictionary<string, string> storage, string settingsPath, RepositoryName? tagsOf = null, TimeSpan? grace = null)
    {
        var users = Path.Combine(settingsPath, "htpasswd");
        var rules = Path.Combine(settingsPath, "rules.json");
        if (!File.Exists(rules))
        {
            foreach (var user in new[] { "admin", "three", "one-team", "denied", "suffix" })
            {
                HtpasswdEditor.Set(users, user, Password);
            }

            await File.WriteAllTextAsync(rules, Rules);
        }

        var address = new Uri($"http://127.0.0.1:{FreePorts.Find(1)[0]}");
        var environment = Contestant.WithoutSettings();
        foreach (var (name, value) in new[]
        {
            ("HOST", address.Host), ("PORT", $"{address.Port}"), ("AUTH_TYPE", "basic"), ("AUTH_HTPASSWD", users),
            ("ACCESS_CONTROL_ENABLED", "true"), ("ACCESS_CONTROL_CONFIG", rules),

            // Most files are missing by design.
            ("VERIFY_PERIOD", "0"),

            // A round would begin within a measurement.
            ("SPACE_PERIOD", "0"),
        })
        {
            environment[$"REGISTRY_{name}"] = value;
        }

        foreach (var (name, value) in storage)
        {
            environment[name] = value;
        }

        if (grace is { } seconds)
        {
            environment["REGISTRY_GC_GRACE"] = seconds.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            environment["REGISTRY_TRASH"] = "0";
        }

        var clock = Stopwatch.StartNew();
        var server = new ScaleServer(BackgroundProcess.Start(program.Path, program.Arguments, environment), address);
        using var client = server.Client("admin");
        await server.FirstAsync(client, "/v2/");
        var version = clock.Elapsed.TotalMilliseconds;
        await server.FirstAsync(client, $"/v2/{tagsOf ?? ScaleContent.ManyTags}/tags/list");
        server.Ready = (version, clock.Elapsed.TotalMilliseconds);
        return server;
    }

    /// <summary>Client for one user, which keeps its connection.</summary>
    public HttpClient Client(string user)
    {
        var client = new HttpClient { BaseAddress = _address };
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Password}")));
        return client;
    }

    /// <summary>Browser of one user.</summary>
    public Task<PageVisitor> LogInAsync(string user) => PageVisitor.LogInAsync(_address, user, Password);

    /// <summary>Browser without a log-in.</summary>
    public PageVisitor Visit() => PageVisitor.Anonymous(_address);

    /// <summary>Asks for the first computation of space, and waits for its end.</summary>
    public static async Task WaitForSpaceAsync(HttpClient client)
    {
        while (true)
        {
            using var answer = await client.GetAsync(new Uri("/api/v1/space?n=1", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                return;
            }

            await Task.Delay(Poll);
        }
    }

    /// <summary>Kills the process.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync(StopDeadline);
        await _process.DisposeAsync();
    }

    private async Task FirstAsync(HttpClient client, string path)
    {
        while (true)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The registry ended before it answered.\n{_process.Output}");
            }

            try
            {
                using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // The registry does not listen yet.
                await Task.Delay(1);
            }
        }
    }

    private double Status(string key)
    {
        var line = File.ReadLines($"/proc/{Id}/status").Single(line => line.StartsWith(key, StringComparison.Ordinal));
        return double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }
}
