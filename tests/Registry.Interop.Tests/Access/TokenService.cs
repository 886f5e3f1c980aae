using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Registry.Interop.Tests.Access;

/// <summary>
/// External token service. It checks a password and grants all requested scopes, so that the registry's own rules decide. It answers GET for
/// docker, podman and skopeo, and POST for containerd.
/// </summary>
internal sealed class TokenService : IAsyncDisposable
{
    public const string Service = "interop-registry";
    public const string Issuer = "interop-issuer";

    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly IReadOnlyDictionary<string, string> _passwords;
    private readonly WebApplication _application;

    private TokenService(IReadOnlyDictionary<string, string> passwords)
    {
        _passwords = passwords;
        var now = DateTimeOffset.UtcNow;
        _certificate = new CertificateRequest($"CN={Issuer}", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        _ = builder.Logging.ClearProviders();
        _application = builder.Build();
        _application.Urls.Add("http://127.0.0.1:0");
        _application.Run(AnswerAsync);
    }

    public string Realm => _application.Urls.Single() + "/token";

    /// <summary>Certificate of the key, in PEM: with it, distribution's build of Debian checks the tokens.</summary>
    public string Certificate => _certificate.ExportCertificatePem();

    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    public static async Task<TokenService> StartAsync(IReadOnlyDictionary<string, string> passwords)
    {
        var service = new TokenService(passwords);
        await service._application.StartAsync(TestContext.Current.CancellationToken);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        (string user, string password, string?[] scopes) = HttpMethods.IsPost(http.Request.Method) ? await ReadFormAsync(http) : ReadQuery(http);
        if (!_passwords.TryGetValue(user, out string? expected) || expected != password)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"interop\"";
            return;
        }
        string token = Sign(user, scopes.SelectMany(scope => (scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        await http.Response.WriteAsJsonAsync(new { token, access_token = token, expires_in = 300 });
    }

    private static async Task<(string User, string Password, string?[] Scopes)> ReadFormAsync(HttpContext http)
    {
        IFormCollection form = await http.Request.ReadFormAsync();
        return (form["username"].ToString(), form["password"].ToString(), form["scope"].ToArray());
    }

    private static (string User, string Password, string?[] Scopes) ReadQuery(HttpContext http)
    {
        string header = http.Request.Headers.Authorization.ToString();
        string[] pair = header.StartsWith("Basic ", StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..])).Split(':', 2)
            : ["", ""];
        return (pair[0], pair[1], http.Request.Query["scope"].ToArray());
    }

    private string Sign(string user, IEnumerable<string> scopes)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var access = scopes.Select(scope => scope.Split(':')).Where(scope => scope.Length > 2)
            .Select(scope => new { type = scope[0], name = string.Join(':', scope[1..^1]), actions = scope[^1].Split(',') });
        string signed = Encode(new { alg = "RS256", typ = "JWT", x5c = new[] { Convert.ToBase64String(_certificate.RawData) } }) + "." + Encode(
            new { iss = Issuer, sub = user, aud = Service, iat = now, nbf = now, exp = now + 300, jti = $"{Guid.NewGuid():n}", access });
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}.{WebEncoders.Base64UrlEncode(signature)}";
    }

    private static string Encode(object json) => WebEncoders.Base64UrlEncode(JsonSerializer.SerializeToUtf8Bytes(json));
}
