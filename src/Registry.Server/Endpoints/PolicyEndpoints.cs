using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Explanation;
using Registry.Server.Api.Policies;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/policies</c>: what the rules about repositories say.</summary>
/// <param name="explanations">Explains the rules in force.</param>
/// <param name="mirror">Names of mirrored repositories; null without a mirror.</param>
/// <param name="memory">Memory of requests.</param>
internal sealed class PolicyEndpoints(PolicyExplanations explanations, MirrorMapping? mirror, RequestMemory memory)
{
    // The clauses and the signatures of a rule, in JSON and before.
    private const int EntryOfRule = 64 * 1024;

    public async Task<RegistryError?> ExplainAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, ApiParameters.Image) is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadImage(query, ApiParameters.Image).TryGet(out var image, out var fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var size = (1L + explanations.Count(image.Repository)) * EntryOfRule;
        if (await held.ReserveAsync(size, size) is { } refused)
        {
            return refused;
        }

        var answer = PolicyAnswer.Of(await explanations.ExplainAsync(image, mirror?.IsMirrored(image.Repository) ?? false, request.Aborted));
        request.Response.Headers.CacheControl = "no-store";
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, PolicyJson.Default.PolicyAnswer)), MediaTypes.Json);
        return null;
    }
}
