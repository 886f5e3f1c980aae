using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Server.Requests;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>
/// First response of a registry, written before clients can connect: the first use loads an assembly. When that fails because the process has no descriptor left, every later use fails, too.
/// </summary>
internal static class WarmUp
{
    /// <summary>Answers a request that no client has sent.</summary>
    /// <param name="handle">Handler of every request.</param>
    /// <param name="bodies">Watch of the bodies.</param>
    public static Task RunAsync(Func<RequestContext, Task> handle, BodyWatch bodies)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = HttpMethods.Get, RawTarget = "/" });
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        return handle(new RequestContext(new DefaultHttpContext(features), bodies) { IsWarmUp = true });
    }
}
