using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>A request as a scripted server got it.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Host">Host with port.</param>
/// <param name="Authorization">What it was sent with; null for nothing.</param>
internal sealed record SeenRequest(string Method, string Target, string Host, string? Authorization)
{
    public static SeenRequest Of(HttpContext context) => new(
        context.Request.Method,
        context.Features.Get<IHttpRequestFeature>()!.RawTarget,
        context.Request.Host.Value ?? string.Empty,
        context.Request.Headers.Authorization.FirstOrDefault());
}
