using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Routing;

namespace Registry.Server.Pipeline;

/// <summary>The two steps between matching and answering: who is asking, and may they.</summary>
internal sealed class AccessGate(IAuthenticator authenticator, Authorizer authorizer, Challenges challenges)
{
    public Authorizer Authorizer => authorizer;

    /// <summary>Lets a request pass, with its identity, or says why not; then the challenge is written already.</summary>
    public async ValueTask<Result<Identity>> PassAsync(HttpContext http, Route route, RepositoryName repository)
    {
        if (route.Permission == Permission.Public)
        {
            return Identity.Anonymous;
        }

        var (scheme, parameter) = AuthorizationHeader.Split(http.Request.Headers.Authorization);
        var (outcome, identity) = await authenticator.AuthenticateAsync(scheme, parameter);
        if (outcome == AuthenticationOutcome.Busy)
        {
            return RegistryErrorCode.TooManyRequests;
        }

        var verdict = outcome == AuthenticationOutcome.Accepted
            ? authorizer.Decide(identity, route.Permission, repository)
            : Verdict.Unauthorized;
        if (verdict == Verdict.Allowed)
        {
            return identity;
        }

        if (verdict == Verdict.Denied)
        {
            return RegistryErrorCode.Denied;
        }

        var fault = outcome == AuthenticationOutcome.Rejected ? "invalid_token" : verdict == Verdict.InsufficientScope ? "insufficient_scope" : null;
        return challenges.TryWrite(http, route.Permission, repository, fault)
            ? RegistryError.Unauthorized
            : new RegistryError(RegistryErrorCode.BadRequest, "the Host header is not a host");
    }
}
