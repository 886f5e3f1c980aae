namespace Registry.Server.Web.Charts;

/// <summary>A rectangle of a <see cref="Treemap"/>.</summary>
/// <param name="X">Left edge.</param>
/// <param name="Y">Upper edge.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
internal readonly record struct TreemapBox(double X, double Y, double Width, double Height)
{
    public double Area => Width * Height;
}
