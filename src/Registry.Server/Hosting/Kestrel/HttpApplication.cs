using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Server.Requests;
using Registry.Server.Transport.Output;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>
/// Passes Kestrel's requests to the pipeline. A connection reuses the context object for its next request. Files are sent without a copy
/// on connections that support it.
/// </summary>
internal sealed class HttpApplication(Func<RequestContext, Task> handle, BodyWatch? bodies = null) : IHttpApplication<HttpApplication.Context>
{
    public Context CreateContext(IFeatureCollection contextFeatures)
    {
        var container = contextFeatures as IHostContextContainer<Context>;
        var context = container?.HostContext;
        if (context is null)
        {
            context = new Context(contextFeatures, bodies);
            container?.HostContext = context;
        }
        else
        {
            context.Http.Initialize(contextFeatures);
        }

        if (context.ZeroCopy is { } zeroCopy)
        {
            contextFeatures.Set<IHttpResponseBodyFeature>(zeroCopy);
        }

        return context;
    }

    /// <summary>Answers a request.</summary>
    /// <exception cref="ConnectionAbortedException">
    /// The client has gone away. Without this exception, Kestrel reports a response that ends early as a fault of the application, unless it
    /// has noticed the end of the connection itself.
    /// </exception>
    public async Task ProcessRequestAsync(Context context)
    {
        await handle(context.Request);
        if (context.Request.IsGone)
        {
            throw new ConnectionAbortedException("The client has gone away.");
        }
    }

    public void DisposeContext(Context context, Exception? exception)
    {
        context.Request.Release();
        context.Http.Uninitialize();
    }

    internal sealed class Context
    {
        public Context(IFeatureCollection features, BodyWatch? bodies)
        {
            Http = new DefaultHttpContext(features);
            Request = new RequestContext(Http, bodies);
            ZeroCopy = OperatingSystem.IsLinux() ? ZeroCopyResponseBody.TryCreate(features) : null;
        }

        public DefaultHttpContext Http { get; }

        public RequestContext Request { get; }

        public ZeroCopyResponseBody? ZeroCopy { get; }
    }
}
