using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Pipeline;

/// <summary>Authenticates and authorizes a matched request.</summary>
internal sealed class AccessGate(IAuthenticator authenticator, Authorizer authorizer, Challenges challenges, FailedLogins failedLogins) : IRequestGate
{
    /// <inheritdoc cref="IRequestGate.PassAsync"/>
    /// <remarks>A refusal writes the challenge.</remarks>
    public async ValueTask<RegistryError?> PassAsync(RequestContext request, Route route)
    {
        var http = request.Http;
        if (route.Permission == Permission.Public)
        {
            return null;
        }

        var (scheme, parameter) = AuthorizationHeader.Split(http.Request.Headers.Authorization);
        var (outcome, identity, rejection) = await authenticator.AuthenticateAsync(scheme, parameter, request);
        if (outcome == AuthenticationOutcome.Busy)
        {
            request.Refusal = "busy";
            return RegistryErrorCode.TooManyRequests;
        }

        if (rejection is not null)
        {
            failedLogins.Report(http.Connection.RemoteIpAddress, rejection);
        }

        request.Identify(identity, authorizer);
        var repository = request.Repository;
        var verdict = outcome == AuthenticationOutcome.Accepted
            ? Decide(identity, route, repository, request.Target)
            : Verdict.Unauthorized;
        if (verdict == Verdict.Allowed)
        {
            return null;
        }

        if (verdict == Verdict.Denied)
        {
            request.Refusal = "denied";
            return RegistryErrorCode.Denied;
        }

        request.Refusal = outcome == AuthenticationOutcome.Rejected ? "bad_credentials"
            : verdict == Verdict.InsufficientScope ? "insufficient_scope" : "no_credentials";
        var fault = outcome == AuthenticationOutcome.Rejected ? "invalid_token" : verdict == Verdict.InsufficientScope ? "insufficient_scope" : null;
        return challenges.TryWrite(http, route.Permission, repository, fault, route.AlsoPulls, request.Target)
            ? RegistryError.Unauthorized
            : new RegistryError(RegistryErrorCode.BadRequest, "the Host header is not a valid host");
    }

    private Verdict Decide(Identity identity, Route route, RepositoryName repository, RepositoryName? target)
    {
        var verdict = authorizer.Decide(identity, route.Permission, repository);
        if (verdict == Verdict.Allowed && route.AlsoPulls)
        {
            verdict = authorizer.Decide(identity, Permission.Pull, repository);
        }

        if (verdict == Verdict.Allowed && route.AlsoPushes)
        {
            verdict = authorizer.Decide(identity, Permission.Push, repository);
        }

        return verdict == Verdict.Allowed && target is { } other ? authorizer.Decide(identity, Permission.Push, other) : verdict;
    }
}
