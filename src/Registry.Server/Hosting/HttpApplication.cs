using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Registry.Server.Hosting;

/// <summary>Kestrel's requests, straight to a <see cref="RequestDelegate"/>. The context object is used again for the next request of a connection.</summary>
internal sealed class HttpApplication(RequestDelegate handle) : IHttpApplication<HttpApplication.Context>
{
    public Context CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<Context> container)
        {
            return new Context(new DefaultHttpContext(contextFeatures));
        }

        if (container.HostContext is { } used)
        {
            used.Http.Initialize(contextFeatures);
            return used;
        }

        return container.HostContext = new Context(new DefaultHttpContext(contextFeatures));
    }

    public Task ProcessRequestAsync(Context context) => handle(context.Http);

    public void DisposeContext(Context context, Exception? exception) => context.Http.Uninitialize();

    internal sealed class Context(DefaultHttpContext http)
    {
        public DefaultHttpContext Http { get; } = http;
    }
}
