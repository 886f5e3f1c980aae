using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Core.Oci;
using Registry.Server.Configuration;

namespace Registry.Server.Http;

/// <summary>Challenges of 401 responses (RFC 7617; Docker's "Token Authentication Specification").</summary>
internal sealed class Challenges(RegistryOptions options)
{
    /// <summary>Writes the challenge for a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="permission">The permission that it needs.</param>
    /// <param name="repository">The repository; default for requests without one.</param>
    /// <param name="fault">The reason why the presented token was refused; null without a token.</param>
    /// <param name="alsoPulls">True if it needs the permission to pull, too.</param>
    /// <param name="target">A second repository that it pushes to, as the first one goes there; null for none.</param>
    /// <returns>False when the realm must be built from the Host header, which is invalid.</returns>
    public bool TryWrite(HttpContext http, Permission permission, RepositoryName repository, string? fault, bool alsoPulls = false, RepositoryName? target = null)
    {
        if (options.Authentication is AuthenticationKind.None or AuthenticationKind.Basic)
        {
            WriteBasic(http.Response);
            return true;
        }

        if (TokenRealm(http) is not { } realm)
        {
            return false;
        }

        var scope = target is { } other
            ? $"repository:{repository}:pull,push,delete repository:{other}:pull,push"
            : Scope(http, permission, repository, alsoPulls);
        http.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"{Quote(realm)}\",service=\"{Quote(options.TokenService)}\""
            + (scope is null ? string.Empty : $",scope=\"{scope}\"")
            + (fault is null ? string.Empty : $",error=\"{fault}\"");
        return true;
    }

    /// <summary>Writes the challenge for a user name and a password, in UTF-8 (RFC 7617, section 2.1).</summary>
    public void WriteBasic(HttpResponse response) =>
        response.Headers.WWWAuthenticate = $"Basic realm=\"{Quote(options.AuthenticationRealm)}\", charset=\"UTF-8\"";

    // A mount reads from a second repository; docker then requests a token for both.
    private static string? Scope(HttpContext http, Permission permission, RepositoryName repository, bool alsoPulls)
    {
        var scope = permission switch
        {
            Permission.Pull => $"repository:{repository}:pull",
            Permission.Push => $"repository:{repository}:pull,push",
            Permission.Delete => alsoPulls ? $"repository:{repository}:pull,delete" : $"repository:{repository}:delete",
            Permission.Catalog or Permission.Maintain => ResourceScope.Catalog,
            _ => null,
        };
        return permission == Permission.Push && http.Request.Query.ContainsKey("mount")
            && RepositoryName.TryParse(http.Request.Query["from"].ToString(), out var source)
            ? $"{scope} repository:{source}:pull"
            : scope;
    }

    private static string Quote(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    // The realm must be absolute, so it is built from the Host header of the client or of a trusted proxy. A client that forges it only
    // misdirects itself.
    private string? TokenRealm(HttpContext http)
    {
        if (options.TokenRealm is { } configured)
        {
            return configured;
        }

        if (options.ExternalUrl is { } external)
        {
            return $"{external}/token";
        }

        var host = http.Request.Headers.Host.ToString();
        return Authority.IsValid(host) ? $"{http.Request.Scheme}://{host}/token" : null;
    }
}
