using System.Net.Http.Headers;
using Registry.Core.Access;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams.Addresses;

namespace Registry.Mirror.Upstreams.Authentication;

/// <summary>
/// Answers the challenges of an upstream: with tokens of its token service (Docker's "Token Authentication Specification"), or with name and password.
/// </summary>
/// <param name="settings">The upstream.</param>
/// <param name="guard">Decides which token services are asked.</param>
/// <param name="credentials">Name and password.</param>
/// <param name="tokens">The tokens.</param>
internal sealed class UpstreamAuthenticator(UpstreamSettings settings, AddressGuard guard, UpstreamCredentials credentials, UpstreamTokens tokens)
{
    // How the upstream was asked last, so that not every request is sent twice.
    private volatile bool _isBasic;

    /// <summary>Finds what a request about a repository is probably sent with; null for nothing.</summary>
    /// <exception cref="UpstreamException">The password is not sent.</exception>
    public async ValueTask<UpstreamProof?> FindAsync(string repository, CancellationToken cancellationToken) =>
        tokens.Find(ScopeOf(repository)) is { } token ? new UpstreamProof(token)
        : _isBasic ? new UpstreamProof(await credentials.LogInAsync(cancellationToken))
        : null;

    /// <summary>Answers a 401.</summary>
    /// <param name="challenges">The challenges.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="refused">What the request was sent with; null for nothing.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What it is sent with again; null for nothing.</returns>
    /// <exception cref="UpstreamException">There is no token, or the password is not sent.</exception>
    public async Task<UpstreamProof?> AnswerAsync(
        HttpHeaderValueCollection<AuthenticationHeaderValue> challenges, string repository, UpstreamProof? refused, CancellationToken cancellationToken)
    {
        var all = challenges.Select(AuthenticationChallenge.Parse).ToList();
        if (all.Find(challenge => challenge.IsBearer) is { } bearer)
        {
            _isBasic = false;
            var scope = bearer.Scope is { Length: > 0 } told ? told : ScopeOf(repository);
            return new UpstreamProof(await tokens.GetAsync(guard.CheckRealm(bearer.Realm), bearer.Service, scope, refused?.Token, cancellationToken));
        }

        if (refused?.Login is not null || !all.Exists(challenge => challenge.IsBasic) || !credentials.Exist)
        {
            return null;
        }

        var login = await credentials.LogInAsync(cancellationToken);
        _isBasic = true;
        return new UpstreamProof(login);
    }

    /// <summary>Describes a 401 that has no answer.</summary>
    public UpstreamException Describe(UpstreamProof? refused) => new(
        UpstreamFaultKind.Away, $"{settings.Name} answered 401 Unauthorized{(refused?.Login is not null ? $" to the password of {settings.UserName}" : string.Empty)}");

    private static string ScopeOf(string repository) => $"repository:{repository}:pull";
}
