using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Signatures;

/// <summary>
/// A registry that serves only signed images of <c>signed/**</c>, and of a repository for each recorded key, to <c>bob</c>, who may only pull. <c>alice</c> pushes.
/// </summary>
internal sealed class SigningRegistry : IAsyncDisposable
{
    public const string Repository = "signed/app";

    private const string AccessRules = """
        {
          "defaultPolicy": "deny",
          "rules": [
            { "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] },
            { "repository": "**", "users": ["bob"], "permissions": ["pull"] }
          ]
        }
        """;

    public static readonly (string, string) Puller = AccessFolder.Basic("bob");

    private readonly AccessFolder _access = new(AccessRules);
    private readonly TemporaryFolder _policy = new("policy", isInMemory: true);

    private SigningRegistry()
    {
        foreach (var name in Recordings.Keys)
        {
            File.WriteAllText(_policy.File("keys", $"{name}.pub"), Recordings.Key(name));
        }

        File.WriteAllText(_policy.File("keys", "test.pub"), Signer.PublicKey);
        Write("test");
    }

    public TestSigner Signer { get; } = new();

    public TestRegistry Registry { get; private set; } = null!;

    /// <summary>A client of alice.</summary>
    public HttpClient Client => Registry.Client;

    public static async Task<SigningRegistry> StartAsync(AuthenticationKind kind = AuthenticationKind.Basic, Func<RegistryOptions, RegistryOptions>? configure = null)
    {
        var registry = new SigningRegistry();
        registry.Registry = await registry.StartNodeAsync(kind, configure);
        return registry;
    }

    /// <summary>Starts another node with the same rules.</summary>
    public async Task<TestRegistry> StartNodeAsync(AuthenticationKind kind = AuthenticationKind.Basic, Func<RegistryOptions, RegistryOptions>? configure = null)
    {
        var node = await TestRegistry.StartAsync(options =>
        {
            var with = _access.Configure(options, kind) with { PolicyConfig = PolicyPath };
            return configure?.Invoke(with) ?? with;
        });
        var (name, value) = AccessFolder.Basic("alice");
        node.Client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        return node;
    }

    /// <summary>Writes the rules: the key of <see cref="Repository"/>, and users who need no signature.</summary>
    public void Write(string key, string except = "") => File.WriteAllText(PolicyPath, $$"""
        {
          "rules": [
            { "repository": "signed/**", "requireSignature": { "cosign": ["keys/{{key}}.pub"], "except": [{{except}}] } },
            {{string.Join(",\n", Recordings.Keys.Where(name => name != "ed25519").Select(name => $$"""{ "repository": "{{name}}/**", "requireSignature": { "cosign": ["keys/{{name}}.pub"] } }"""))}}
          ]
        }
        """);

    public Task<Answer> PullAsync(string repository, string reference, string method = "GET") => PullAsync(Registry.Client, repository, reference, method);

    // As bob, whatever the client sends by default.
    public static Task<Answer> PullAsync(HttpClient client, string repository, string reference, string method = "GET") =>
        client.RequestAsync(method, $"/v2/{repository}/manifests/{reference}", null, Puller);

    /// <summary>Checks that bob gets an image by all ways.</summary>
    public async Task AssertServedAsync(string repository, TestImage image, string tag)
    {
        foreach (var reference in (string[])[tag, image.Digest])
        {
            Assert.Equal(image.Manifest.Bytes, Check.Status(200, await PullAsync(repository, reference)).Body);
            Check.Status(200, await PullAsync(repository, reference, "HEAD"));
        }
    }

    /// <summary>Checks that bob gets an image by no way, and why.</summary>
    public async Task AssertRefusedAsync(string repository, TestImage image, string tag)
    {
        foreach (var reference in (string[])[tag, image.Digest])
        {
            // docker prints the message, and nothing else.
            var answer = Check.Status(403, await PullAsync(repository, reference));
            var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray());
            Assert.Equal("DENIED", error.GetProperty("code").GetString());
            Assert.StartsWith(
                $"the image is not signed: {repository}@{image.Digest} has no valid signature, as rule ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
            Check.Status(403, await PullAsync(repository, reference, "HEAD"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Registry.DisposeAsync();
        Signer.Dispose();
        _policy.Dispose();
        _access.Dispose();
    }

    private string PolicyPath => _policy.File("policy.json");
}
