using System.Reflection;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>What an operator sees first.</summary>
internal static class Banner
{
    public static string Version { get; } =
        typeof(Banner).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static void Write(TextWriter output, RegistryHost host, RegistryOptions options)
    {
        var port = new Uri(host.Addresses[0]).Port;
        var registry = options.ExternalUrl is { } url ? new Uri(url).Authority : $"localhost:{port}";
        output.WriteLine($"""
            Registry {Version} listening on {string.Join(" and ", host.Addresses)}
              storage         {host.StoragePath}
              authentication  none: everybody who can reach this address may pull, push and delete

            Push your first image:
              docker tag myimage:latest {registry}/myimage:latest
              docker push {registry}/myimage:latest

            """);
    }
}
