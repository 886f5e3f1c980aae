namespace Registry.Bench.Peers;

/// <summary>Starts programs of this build.</summary>
internal static class DotNet
{
    /// <summary>Path of the runtime's host.</summary>
    public static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Path of a file in this program's build. The reference to the server's project copies its files there.</summary>
    public static string BesideThis(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
