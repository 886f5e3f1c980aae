using System.Text;
using Registry.Interop.Tests.Access;
using Registry.Testing;
using Registry.Testing.Signatures;

namespace Registry.Interop.Tests.Signatures;

/// <summary>A registry of which all users may pull <c>public/**</c>, but only what one of two keys has signed: that of the recordings, or one of cosign. The user alice pushes.</summary>
public sealed class SignedRegistry : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new("signed");
    private AccessRegistry? _registry;
    private HttpClient? _client;

    public string HostPort => _registry!.HostPort;

    /// <summary>A client of alice.</summary>
    public HttpClient Client => _client!;

    /// <summary>Path of the key pair of cosign, without its extension.</summary>
    public string CosignKey => _folder.File("cosign");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_folder.File("recorded.pub"), Recordings.Key("p256"));
        string keys = "\"recorded.pub\"";
        if (Requires.IsOnPath("cosign"))
        {
            _ = await Cosign().RunAsync("generate-key-pair", "--output-key-prefix", CosignKey);
            keys += ", \"cosign.pub\"";
        }

        string policy = _folder.File("policy.json");
        await File.WriteAllTextAsync(policy, $$"""{ "rules": [ { "repository": "public/**", "requireSignature": { "cosign": [{{keys}}] } } ] }""");
        _registry = await AccessRegistry.StartAsync(Login.BuiltInToken, policy: policy);
        _client = new HttpClient { BaseAddress = new Uri($"http://{HostPort}") };
        string credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AccessRegistry.Alice}:{AccessRegistry.PasswordOf(AccessRegistry.Alice)}"));
        _client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Basic {credentials}");
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>cosign, logged in as alice once the registry runs.</summary>
    internal Command Cosign() => new("cosign", "cosign from its own release page")
    {
        Environment =
        {
            ["COSIGN_PASSWORD"] = "",
            ["HOME"] = _folder.Folder("home"),
        },
    };

    /// <summary>Deletes a signature.</summary>
    internal async Task DeleteAsync(RecordedSignature signature, string repository) =>
        Assert.Equal(202, (await Client.RequestAsync("DELETE", signature.Path(repository))).Status);
}
