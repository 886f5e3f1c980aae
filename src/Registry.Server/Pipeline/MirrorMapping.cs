using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Server.Http;
using Registry.Server.Requests;

namespace Registry.Server.Pipeline;

/// <summary>Maps the names of requests to repositories of the mirror, before anything else sees them, and refuses changes of these.</summary>
/// <param name="names">Returns the names as they are in force.</param>
internal sealed class MirrorMapping(Func<MirrorNames> names)
{
    private const string NamespaceParameter = "ns";

    /// <summary>Maps the repository of a matched request. Without a query, a local name costs no allocation.</summary>
    /// <returns>Null, or the error for a name that means no repository.</returns>
    public RegistryError? Apply(RequestContext request, Route route)
    {
        var current = names();
        if (!route.IsOci)
        {
            if (current.Find(request.Repository) is { } found)
            {
                request.Map(found.Local, found);
            }

            return null;
        }

        string? ns = null;
        if (request.Request.QueryString.HasValue && !QueryParameter.Find(request.Request.Query, NamespaceParameter).TryGet(out ns, out var fault))
        {
            return fault;
        }

        if (!current.Map(request.Repository, ns, request.Request.Headers.Host.ToString()).TryGet(out var mapped, out var unknown))
        {
            return unknown;
        }

        request.Map(mapped.Local, mapped.Mirrored);
        if (mapped.Namespace is { } shown)
        {
            request.Response.Headers["OCI-Namespace"] = shown;
        }

        return null;
    }

    /// <summary>
    /// Maps the repository of a scope for which a client asks at the host of an upstream: docker asks for the name that it uses, whatever the challenge names.
    /// </summary>
    public ResourceScope Apply(ResourceScope scope, string host) => scope.Repository is { } name && names().Map(name, null, host).TryGet(out var mapped, out _)
        ? scope with { Repository = mapped.Local }
        : scope;

    /// <summary>True if a repository is mirrored.</summary>
    public bool IsMirrored(RepositoryName repository) => names().Find(repository) is not null;

    /// <summary>Refuses a change of a repository that is mirrored; null for one of this registry.</summary>
    public RegistryError? Refuse(RequestContext request) => (request.Mirrored ?? (request.Target is { } target ? names().Find(target) : null)) is { } mirrored
        ? new RegistryError(RegistryErrorCode.Mirrored, $"{mirrored.Local} is mirrored from {mirrored.Upstream.Name}; {AdviceFor(request, mirrored)}")
        : null;

    private static string AdviceFor(RequestContext request, MirroredName mirrored) => request.Mirrored is not null && request.Route!.Permission == Permission.Delete
        ? $"to remove what is here of it, run: registry mirror forget {mirrored.Local}"
        : $"push to a name outside of {mirrored.Upstream.Prefix}/";
}
