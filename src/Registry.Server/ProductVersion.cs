using System.Reflection;

namespace Registry.Server;

/// <summary>Version of the registry.</summary>
internal static class ProductVersion
{
    /// <summary>Version without the commit, such as <c>1.2.3</c>.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
