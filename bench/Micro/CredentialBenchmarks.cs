using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Tokens;
using Registry.Server.Commands.Access;
using Registry.Testing;

namespace Registry.Bench.Micro;

/// <summary>
/// Cost of credentials for each request: a remembered password, and a token. A password that is not remembered costs a bcrypt, which the
/// benchmark 'passwords' measures under load.
/// </summary>
[MemoryDiagnoser]
public class CredentialBenchmarks
{
    private const string Service = "registry";

    private readonly NoAuthenticator _open = new();
    private readonly List<IDisposable> _owned = [];
    private DirectoryInfo _folder = null!;
    private IAuthenticator _basic = null!;
    private IAuthenticator _tokens = null!;
    private string _password = string.Empty;
    private string _token = string.Empty;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("registry-bench-");
        var path = Path.Combine(_folder.FullName, "htpasswd");
        HtpasswdEditor.Set(path, "alice", "right");
        var users = Htpasswd.Read(await File.ReadAllBytesAsync(path));
        var passwords = new PasswordVerifier(() => users);
        var basic = new BasicAuthenticator(passwords);
        var tokens = new BuiltInTokens(ECDsa.Create(ECCurve.NamedCurves.nistP256), Service, Service, () => users, basic, TimeProvider.System);
        _owned.AddRange([passwords, tokens]);
        (_basic, _tokens) = (basic, tokens);
        _password = Convert.ToBase64String(Encoding.UTF8.GetBytes("alice:right"));
        _token = tokens.IssueAccessToken("alice", [], DateTimeOffset.UtcNow);
        foreach (var outcome in new[] { await RememberedPassword(), await Token() })
        {
            if (outcome != AuthenticationOutcome.Accepted)
            {
                throw new InvalidOperationException($"The credentials are {outcome}, so the measurement would not be valid.");
            }
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _owned.ForEach(one => one.Dispose());
        _folder.Delete(recursive: true);
    }

    [Benchmark(Baseline = true)]
    public async ValueTask<AuthenticationOutcome> None() => (await _open.AuthenticateAsync(null, string.Empty, TestCaller.Local)).Outcome;

    [Benchmark]
    public async ValueTask<AuthenticationOutcome> RememberedPassword() => (await _basic.AuthenticateAsync("Basic", _password, TestCaller.Local)).Outcome;

    [Benchmark]
    public async ValueTask<AuthenticationOutcome> Token() => (await _tokens.AuthenticateAsync("Bearer", _token, TestCaller.Local)).Outcome;
}
