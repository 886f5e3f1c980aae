namespace Registry.Bench.Peers;

/// <summary>How programs of this build are started.</summary>
internal static class DotNet
{
    /// <summary>The runtime's host.</summary>
    public static string Host => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>A file of the build that this program belongs to. Referencing the server's project puts its files here.</summary>
    public static string BesideThis(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
