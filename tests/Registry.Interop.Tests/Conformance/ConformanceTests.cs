using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Conformance;

/// <summary>
/// The conformance program of the OCI distribution-spec against every way to reach the registry. The API tests of
/// <c>Registry.Server.Tests</c> check the same rules, row by row, without it.
/// </summary>
public sealed class ConformanceTests : IDisposable
{
    private const string User = "conformance";
    private const string Password = "c0nf0rmance-pa55word";

    private readonly TemporaryFolder _folder = new("conformance");
    private readonly TestAuthority _authority = new();
    private readonly Dictionary<string, string?> _settings = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [ConformanceFact]
    public Task Version_1_1_conforms() => ConformsAsync("1.1");

    [ConformanceFact]
    public Task The_newest_version_conforms() => ConformsAsync("dev");

    [ConformanceFact]
    public Task Sparse_manifests_conform_where_they_are_allowed()
    {
        _settings["REGISTRY_MANIFEST_REFERENCES"] = "sparse";
        return ConformsAsync("dev", isSparse: true);
    }

    [ConformanceFact]
    public Task The_transport_of_Kestrel_conforms()
    {
        _settings["REGISTRY_TRANSPORT"] = "kestrel";
        return ConformsAsync("dev");
    }

    [ConformanceFact]
    public async Task TLS_with_passwords_conforms()
    {
        UseTls();
        _settings["REGISTRY_AUTH_TYPE"] = "basic";
        await AddUserAsync();
        await ConformsAsync("dev");
    }

    [ConformanceFact]
    public async Task TLS_with_tokens_conforms()
    {
        UseTls();
        _settings["REGISTRY_AUTH_TYPE"] = "token";
        _settings["REGISTRY_AUTH_TOKEN_BUILTIN"] = "true";
        await AddUserAsync();
        await ConformsAsync("dev");
    }

    private async Task ConformsAsync(string version, bool isSparse = false)
    {
        await using RegistryProcess registry =
            await RegistryProcess.StartAsync(_folder.Folder("storage"), _settings, cancellationToken: Cancellation);
        var program = new ConformanceProgram(registry.HostPort, _folder.Folder("results")) { IsSparse = isSparse };
        if (registry.BaseAddress.Scheme == Uri.UriSchemeHttps)
        {
            program.Authority = _folder.File("authority.crt");
        }

        if (_settings.ContainsKey("REGISTRY_AUTH_TYPE"))
        {
            program.Credentials = (User, Password);
        }

        await program.AssertConformsAsync(version);
    }

    private void UseTls()
    {
        (string certificate, string key) = _authority.Issue();
        File.WriteAllText(_folder.File("authority.crt"), _authority.Pem);
        File.WriteAllText(_folder.File("registry.crt"), certificate);
        File.WriteAllText(_folder.File("registry.key"), key);
        _settings["REGISTRY_TLS_CERT"] = _folder.File("registry.crt");
        _settings["REGISTRY_TLS_KEY"] = _folder.File("registry.key");
    }

    private async Task AddUserAsync()
    {
        string users = _folder.File("users");
        _settings["REGISTRY_AUTH_HTPASSWD"] = users;
        (int exitCode, string output) = await RegistryProcess.RunShellAsync(
            $"echo '{Password}' | registry user add {User} --auth-htpasswd '{users}'", _folder.Folder("storage"), Cancellation);
        Assert.True(exitCode == 0, output);
    }
}
