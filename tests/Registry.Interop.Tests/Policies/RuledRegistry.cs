using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Policies;

/// <summary>A registry in which tags <c>v*</c> of <c>immutable/**</c> never move, and each repository of <c>small/**</c> may hold next to nothing.</summary>
public sealed class RuledRegistry : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new("ruled");
    private RegistryProcess? _process;
    private HttpClient? _client;

    public string HostPort => _process!.HostPort;

    public HttpClient Client => _client!;

    public async ValueTask InitializeAsync()
    {
        string policy = _folder.File("policy.json");
        await File.WriteAllTextAsync(
            policy,
            """
            { "rules": [
              { "repository": "immutable/**", "immutableTags": ["v*"] },
              { "repository": "small/**", "quota": { "bytes": "5KB" } }
            ] }
            """);
        _process = await RegistryProcess.StartAsync(
            _folder.Folder("storage"), new Dictionary<string, string?> { ["REGISTRY_POLICY_CONFIG"] = policy }, cancellationToken: TestContext.Current.CancellationToken);
        _client = new HttpClient { BaseAddress = new Uri($"http://{HostPort}") };
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }
}
